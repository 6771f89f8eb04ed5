"use strict";
// One panel: an SVG with axes and a line a run. It draws what it is given and tells which point is near.
const SIZE = { height: 320, least: 280, left: 62, right: 12, top: 10, bottom: 40 };
const LARGEST = 1e30; // beyond it a value is as good as infinite: no axis could show it beside others

function svgElement(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const lookOf = (run) => `${run.colour < 0 ? "quiet" : `c${run.colour}`} d${run.dashes}`;

function isDrawable(value, isLog) {
  return Math.abs(value) <= LARGEST && (!isLog || value > 0);
}

// The lowest and highest of all that is drawn; null where nothing is.
function rangeOf(lines, pick) {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    for (const value of pick(line)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : null;
}

// Where in ascending steps the one nearest to `step` stands.
function nearestStep(steps, step) {
  const far = (place) => Math.abs(steps[place] - step);
  return steps.reduce((best, _, place) => (far(place) < far(best) ? place : best), 0);
}

class Panel {
  constructor(given, runs) {
    this.title = given.title;
    this.axis = given.axis;
    this.runs = runs;
    this.curves = given.curves.map((curve) => ({ ...curve, values: curve.values.map(Number) }));
    this.figure = document.createElement("figure");
    this.figure.className = "panel";
    const caption = document.createElement("figcaption");
    caption.textContent = this.title;
    this.svg = svgElement("svg", { tabindex: "0", role: "group" });
    this.svg.setAttribute("aria-roledescription", "chart");
    this.svg.setAttribute("aria-describedby", "chart-hint");
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    this.figure.append(caption, this.svg, this.tip);
  }

  get spread() {
    const range = rangeOf(this.curves, (curve) => curve.values.filter((value) => isDrawable(value, false)));
    return range && range[0] > 0 ? range[1] / range[0] : 1;
  }

  // Draw the runs that `isShown` lets through, as the options say.
  draw(isShown, { isLog, hasRaw }) {
    this.isLog = isLog;
    this.shown = this.curves.filter((curve) => isShown(curve.run));
    this.width = Math.max(SIZE.least, this.figure.clientWidth);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${SIZE.height}`);
    this.svg.setAttribute("aria-label", `${this.title} by ${this.axis.toLowerCase()}, ${this.shown.length} runs`);
    const lines = this.shown.flatMap((curve) => (curve.median && !hasRaw ? [curve.median] : [curve]));
    const x = rangeOf(lines, (line) => line.steps);
    const y = rangeOf(lines, (line) => line.values.filter((value) => isDrawable(value, isLog)));
    this.group = svgElement("g");
    this.spot = svgElement("circle", { r: 4, class: "spot", visibility: "hidden" });
    if (!x || !y) {
      this.x = this.y = null;
      const middle = { x: this.width / 2, y: SIZE.height / 2, "text-anchor": "middle" };
      this.svg.replaceChildren(svgElement("text", middle, "No run to draw"));
      return;
    }
    const [low, high] = padded(y[0], y[1], isLog);
    this.x = makeScale(x[0], x[1], SIZE.left, this.width - SIZE.right, false);
    this.y = makeScale(low, high, SIZE.height - SIZE.bottom, SIZE.top, isLog);
    for (const curve of this.shown) this.group.append(this.line(curve, hasRaw));
    this.svg.replaceChildren(...this.axes(x, low, high), this.group, this.spot);
  }

  axes([first, last], low, high) {
    const bottom = SIZE.height - SIZE.bottom;
    const right = this.width - SIZE.right;
    const parts = [];
    for (const tick of this.isLog ? logTicks(low, high) : linearTicks(low, high, 5)) {
      const y = this.y(tick);
      parts.push(svgElement("line", { class: "grid", x1: SIZE.left, x2: right, y1: y, y2: y }));
      parts.push(svgElement("text", { x: SIZE.left - 6, y: y + 4, "text-anchor": "end" }, written(tick)));
    }
    for (const tick of linearTicks(first, last, this.width / 90)) {
      if (!Number.isInteger(tick)) continue;
      const x = this.x(tick);
      parts.push(svgElement("line", { class: "axis", x1: x, x2: x, y1: bottom, y2: bottom + 4 }));
      parts.push(svgElement("text", { x, y: bottom + 17, "text-anchor": "middle" }, written(tick)));
    }
    parts.push(svgElement("line", { class: "axis", x1: SIZE.left, x2: right, y1: bottom, y2: bottom }));
    const middle = { x: (SIZE.left + right) / 2, y: SIZE.height - 6, "text-anchor": "middle" };
    parts.push(svgElement("text", middle, this.axis));
    return parts;
  }

  // A run's line: its running median over what was logged where it has one; a cross where it ended in NaN.
  line(curve, hasRaw) {
    const group = svgElement("g", { "data-run": curve.run });
    const look = lookOf(this.runs[curve.run]);
    if (!curve.median || hasRaw) {
      group.append(svgElement("path", { class: `${look}${curve.median ? " faint" : ""}`, d: this.path(curve) }));
    }
    if (curve.median) group.append(svgElement("path", { class: look, d: this.path(curve.median) }));
    const end = curve.values.findLastIndex((value) => isDrawable(value, this.isLog));
    if (end >= 0 && (end === 0 || end < curve.values.length - 1)) {
      const [x, y] = [this.x(curve.steps[end]), this.y(curve.values[end])];
      const cross = end === 0 && curve.values.length === 1
        ? `M${x - 1} ${y}h2`
        : `M${x - 4} ${y - 4}l8 8M${x - 4} ${y + 4}l8 -8`;
      group.append(svgElement("path", { class: `${look.split(" ")[0]} lost`, d: cross }));
    }
    return group;
  }

  path({ steps, values }) {
    let path = "";
    let isDown = false;
    for (let at = 0; at < steps.length; at += 1) {
      if (!isDrawable(values[at], this.isLog)) {
        isDown = false;
        continue;
      }
      const place = `${this.x(steps[at]).toFixed(1)} ${this.y(values[at]).toFixed(1)}`;
      path += isDown ? `L${place}` : `M${place}h0`; // a point alone is a dot
      isDown = true;
    }
    return path;
  }

  // The logged point nearest to a place in the panel: of the nearest line, by step; null where none is drawn.
  nearest(x, y) {
    let best = null;
    let least = Infinity;
    if (!this.x) return null;
    for (const curve of this.shown) {
      const { steps, values } = curve.median || curve;
      for (let at = 0; at < steps.length; at += 1) {
        if (!isDrawable(values[at], this.isLog)) continue;
        const far = (this.x(steps[at]) - x) ** 2 + (this.y(values[at]) - y) ** 2;
        if (far < least) [least, best] = [far, { curve, step: steps[at] }];
      }
    }
    return best && { curve: best.curve, at: nearestStep(best.curve.steps, best.step) };
  }

  // Put the mark and the words at a point; returns the words.
  point({ curve, at }) {
    const name = this.runs[curve.run].name;
    const step = curve.steps[at];
    const median = curve.median ? curve.median.values[nearestStep(curve.median.steps, step)] : null;
    const words = [`${this.axis.split(" ").pop().toLowerCase()} ${plainNumber.format(step)}`, `${this.title.toLowerCase()} ${written(curve.values[at])}`];
    if (median !== null) words.push(`median around it ${written(median)}`);
    const isDrawn = isDrawable(curve.values[at], this.isLog);
    const [x, y] = [this.x(step), isDrawn ? this.y(curve.values[at]) : SIZE.top];
    this.spot.setAttribute("cx", x);
    this.spot.setAttribute("cy", y);
    this.spot.setAttribute("visibility", isDrawn ? "visible" : "hidden");
    const lines = [name, ...words].map((text, place) => {
      const line = document.createElement(place ? "span" : "b");
      line.textContent = text;
      return line;
    });
    this.tip.replaceChildren(...lines);
    this.tip.hidden = false;
    const [outer, inner] = [this.figure.getBoundingClientRect(), this.svg.getBoundingClientRect()];
    const scale = inner.width / this.width;
    const beside = x > this.width / 2 ? x * scale - this.tip.offsetWidth - 12 : x * scale + 12;
    const above = inner.top - outer.top + y * scale - this.tip.offsetHeight - 8;
    this.tip.style.left = `${Math.max(0, Math.min(outer.width - this.tip.offsetWidth, beside))}px`;
    this.tip.style.top = `${Math.max(0, above)}px`;
    return [name, ...words].join(", ");
  }

  forget() {
    this.tip.hidden = true;
    if (this.spot) this.spot.setAttribute("visibility", "hidden");
  }

  light(run) {
    this.group.classList.toggle("dim", run !== null);
    for (const line of [...this.group.children]) {
      const isLit = Number(line.dataset.run) === run;
      line.classList.toggle("lit", isLit);
      if (isLit) this.group.append(line); // above the others
    }
  }
}
