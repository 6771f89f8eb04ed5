"use strict";
// The curves of all runs: what is hidden by its name, by the table's filter or by a switch; mouse and keyboard.
const LOG_FROM = 20; // ratio of the largest to the smallest loss from which an axis begins logarithmic

function startCurves(data) {
  const panels = data.panels.map((panel) => new Panel(panel, data.runs));
  const hidden = new Set();
  let matched = null;
  const [log, raw] = [document.getElementById("log"), document.getElementById("raw")];
  const told = document.getElementById("told");
  const buttons = data.runs.map(makeButton);

  const isShown = (run) => !hidden.has(run) && (!matched || matched.has(data.rows[run]));
  function draw() {
    for (const panel of panels) {
      panel.forget();
      panel.draw(isShown, { isLog: log.checked, hasRaw: raw.checked });
    }
    buttons.forEach((button, run) => {
      button.setAttribute("aria-pressed", String(!hidden.has(run)));
      button.parentElement.hidden = Boolean(matched) && !matched.has(data.rows[run]);
    });
  }
  function light(run) {
    for (const panel of panels) panel.light(run);
    for (const row of rowsOfRuns) row.classList.toggle("lit", run !== null && Number(row.dataset.row) === data.rows[run]);
  }
  function makeButton(run, place) {
    const button = document.createElement("button");
    const swatch = svgElement("svg", { viewBox: "0 0 26 8", "aria-hidden": "true" });
    swatch.append(svgElement("line", { class: lookOf(run), x1: 0, x2: 26, y1: 4, y2: 4 }));
    button.type = "button";
    button.append(swatch, run.name);
    button.addEventListener("click", () => {
      if (!hidden.delete(place)) hidden.add(place);
      draw();
      light(hidden.has(place) ? null : place);
    });
    for (const kind of ["pointerenter", "focus"]) {
      button.addEventListener(kind, () => light(hidden.has(place) ? null : place));
    }
    for (const kind of ["pointerleave", "blur"]) button.addEventListener(kind, () => light(null));
    const item = document.createElement("li");
    item.append(button);
    document.getElementById("legend").append(item);
    return button;
  }

  for (const panel of panels) {
    let at = null; // the point that is told
    const show = (found) => {
      at = found;
      if (!found) return;
      told.textContent = panel.point(found);
      light(found.curve.run);
    };
    const leave = () => {
      at = null;
      panel.forget();
      light(null);
    };
    panel.svg.addEventListener("pointermove", (event) => {
      const box = panel.svg.getBoundingClientRect();
      const scale = panel.width / box.width;
      show(panel.nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale));
    });
    panel.svg.addEventListener("pointerleave", leave);
    panel.svg.addEventListener("blur", leave);
    panel.svg.addEventListener("keydown", (event) => {
      if (event.key === "Escape") leave();
      if (!panel.x || !KEYS[event.key]) return;
      event.preventDefault();
      const isLive = at && panel.shown.includes(at.curve);
      show(isLive ? KEYS[event.key](panel, at) : { curve: panel.shown[0], at: 0 });
    });
    document.getElementById("panels").append(panel.figure);
  }
  new ResizeObserver(() => {
    if (panels.some((panel) => panel.width !== Math.max(SIZE.least, panel.figure.clientWidth))) draw();
  }).observe(document.getElementById("panels"));

  log.checked = panels.some((panel) => panel.spread >= LOG_FROM);
  raw.checked = data.runs.length <= 12;
  if (!panels.some((panel) => panel.curves.some((curve) => curve.median))) raw.parentElement.hidden = true;
  for (const box of [log, raw]) box.addEventListener("change", draw);
  document.getElementById("all").addEventListener("click", () => (hidden.clear(), draw()));
  document.getElementById("none").addEventListener("click", () => {
    data.runs.forEach((_, run) => hidden.add(run));
    draw();
  });
  onFilter.push((shown) => {
    matched = shown.size === rowsOfRuns.length ? null : shown;
    draw();
  });
  onPoint.push((row) => {
    const run = data.rows.indexOf(row);
    light(row !== null && run >= 0 && isShown(run) ? run : null);
  });
  draw();
}

// Where each key leads from a point: along its curve, or to the nearest step of another run.
function along({ curve, at }, by) {
  return { curve, at: Math.max(0, Math.min(curve.steps.length - 1, at + by)) };
}

function across(panel, { curve, at }, by) {
  const count = panel.shown.length;
  const other = panel.shown[(panel.shown.indexOf(curve) + by + count) % count];
  return { curve: other, at: nearestStep(other.steps, curve.steps[at]) };
}

const KEYS = {
  ArrowRight: (panel, point) => along(point, 1),
  ArrowLeft: (panel, point) => along(point, -1),
  PageDown: (panel, point) => along(point, 10),
  PageUp: (panel, point) => along(point, -10),
  Home: (panel, point) => along(point, -Infinity),
  End: (panel, point) => along(point, Infinity),
  ArrowDown: (panel, point) => across(panel, point, 1),
  ArrowUp: (panel, point) => across(panel, point, -1),
};

const embedded = JSON.parse(document.getElementById("data").textContent);
if (embedded.panels.length && document.getElementById("curves")) startCurves(embedded);
