"use strict";
// The table of runs: headings sort, words filter. Every listener in `onFilter` learns which rows are shown.
const onFilter = [];
const onPoint = [];
const rowsOfRuns = [...document.querySelectorAll("#runs tbody tr")];

// What a cell sorts by: numbers first, then words, then NaN, then what is missing, whichever way it is sorted.
function sortKey(cell) {
  if ("missing" in cell.dataset) return { rank: 3, number: 0, words: "" };
  if (!("value" in cell.dataset)) return { rank: 1, number: 0, words: cell.textContent };
  const number = Number(cell.dataset.value);
  return { rank: Number.isNaN(number) ? 2 : 0, number, words: "" };
}

const collator = new Intl.Collator("en", { numeric: true });

function compareKeys(a, b, direction) {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.number !== b.number && a.rank === 0) return a.number < b.number ? -direction : direction;
  return direction * collator.compare(a.words, b.words);
}

function sortRuns(column, direction) {
  const keyed = rowsOfRuns.map((row, place) => ({ row, place, key: sortKey(row.cells[column]) }));
  if (direction) keyed.sort((a, b) => compareKeys(a.key, b.key, direction) || a.place - b.place);
  document.querySelector("#runs tbody").append(...keyed.map(({ row }) => row));
}

// A heading sorts upwards, then downwards, then puts the rows back in the report's order.
function makeSortable(heading, column, headings) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  heading.setAttribute("aria-sort", "none");
  button.addEventListener("click", () => {
    const next = { none: "ascending", ascending: "descending", descending: "none" }[heading.ariaSort];
    for (const other of headings) if (other.ariaSort) other.ariaSort = "none";
    heading.ariaSort = next;
    sortRuns(column, { none: 0, ascending: 1, descending: -1 }[next]);
  });
}

function filterRuns(text) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word && word !== "-");
  const shown = new Set();
  for (const row of rowsOfRuns) {
    const held = row.textContent.toLowerCase();
    const fits = (word) => (word[0] === "-" ? !held.includes(word.slice(1)) : held.includes(word));
    row.hidden = !words.every(fits);
    if (!row.hidden) shown.add(Number(row.dataset.row));
  }
  document.getElementById("shown").textContent = `${shown.size} of ${rowsOfRuns.length} runs`;
  for (const listener of onFilter) listener(shown);
}

function startTable() {
  const table = document.getElementById("runs");
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    if (!("unsorted" in heading.dataset)) makeSortable(heading, column, headings);
  });
  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => filterRuns(filter.value));
  const more = document.getElementById("more");
  const showMore = () => table.classList.toggle("brief", !more.checked);
  if (more) {
    more.addEventListener("change", showMore);
    showMore();
  }
  for (const row of rowsOfRuns) {
    const point = (place) => () => onPoint.forEach((listener) => listener(place));
    row.addEventListener("pointerenter", point(Number(row.dataset.row)));
    row.addEventListener("pointerleave", point(null));
  }
  // A browser may keep what was typed when it loads a page again; by then the curves listen too.
  document.addEventListener("DOMContentLoaded", () => filter.value && filterRuns(filter.value));
}

if (rowsOfRuns.length) startTable();
