"use strict";
// Runs before anything is painted: marks the page as live, and applies the colours chosen last time.
// A file opened from a disk may have no storage; then a choice holds as long as the page is open.
const theme = {
  key: "afterall-theme",
  read() {
    try {
      return localStorage.getItem(this.key) || "";
    } catch {
      return "";
    }
  },
  apply(choice) {
    if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
    else delete document.documentElement.dataset.theme;
  },
  choose(choice) {
    this.apply(choice);
    try {
      localStorage.setItem(this.key, choice);
    } catch {}
  },
};
document.documentElement.dataset.live = "";
theme.apply(theme.read());
document.addEventListener("DOMContentLoaded", () => {
  const select = document.getElementById("theme");
  select.value = document.documentElement.dataset.theme || "";
  select.addEventListener("change", () => theme.choose(select.value));
});
