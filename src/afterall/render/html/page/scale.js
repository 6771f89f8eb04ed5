"use strict";
// Axes: where a value stands, and at which round values an axis has ticks.

// A scale maps values from `low` to `high` to places from `start` to `end`.
function makeScale(low, high, start, end, isLog) {
  const raw = isLog ? Math.log10 : (value) => value;
  const from = raw(low);
  const span = raw(high) - from || 1;
  return (value) => start + ((raw(value) - from) / span) * (end - start);
}

function linearTicks(low, high, wanted) {
  const rough = (high - low) / wanted || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough) || rough;
  const ticks = [];
  for (let at = Math.ceil(low / step); at * step <= high * (1 + 1e-12) && ticks.length < 50; at += 1) {
    ticks.push(at * step);
  }
  return ticks;
}

// Powers of ten, with 2 and 5 between them where there are few.
function logTicks(low, high) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const every = Math.max(1, Math.ceil((last - first) / 8));
  const between = last - first <= 3 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = first; power <= last; power += every) {
    for (const times of between) ticks.push(times * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

// Leave a little room above and below; the same value everywhere gets a range of its own.
function padded(low, high, isLog) {
  if (isLog) {
    const room = Math.max((high / low) ** 0.05, 1.02);
    return [low / room, high * room];
  }
  const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

const plainNumber = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const smallNumber = new Intl.NumberFormat("en", { notation: "scientific", maximumSignificantDigits: 6 });

function written(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const size = Math.abs(value);
  const format = size && (size < 1e-4 || size >= 1e9) ? smallNumber : plainNumber;
  return format.format(value || 0).replace("E", "e"); // no "-0"
}
