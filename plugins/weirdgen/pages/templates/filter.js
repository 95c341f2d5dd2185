// Adds filters to the answers. Without it all of them can be read in their sections.
"use strict";
(function () {
  const box = document.getElementById("filters");
  if (!box) return;
  const shelves = Array.from(document.querySelectorAll(".shelf"));
  const chosen = {};
  const values = {
    contrast: shelves.map((shelf) => shelf.dataset.contrast),
    arm: shelves.map((shelf) => shelf.dataset.arm),
    label: shelves.map((shelf) => shelf.dataset.label),
    question: Array.from(document.querySelectorAll("[data-question]"), (item) => item.dataset.question),
  };
  const told = document.createElement("p");
  told.setAttribute("role", "status");

  function apply() {
    let count = 0;
    for (const shelf of shelves) {
      const fits = ["contrast", "arm", "label"].every((name) => !chosen[name] || shelf.dataset[name] === chosen[name]);
      let left = 0;
      for (const item of shelf.querySelectorAll("[data-question]")) {
        item.hidden = !fits || Boolean(chosen.question && item.dataset.question !== chosen.question);
        left += item.hidden ? 0 : 1;
      }
      shelf.hidden = left === 0;
      count += left;
    }
    const filtered = Object.values(chosen).some(Boolean);
    for (const book of document.querySelectorAll(".book")) {
      book.hidden = !book.querySelector(".shelf:not([hidden])");
      if (filtered && !book.hidden) book.open = true;
    }
    told.textContent = count + " answers";
  }

  for (const name of Object.keys(values)) {
    const label = document.createElement("label");
    label.textContent = name;
    const select = document.createElement("select");
    for (const value of ["", ...Array.from(new Set(values[name])).sort()]) {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = value || "all";
      select.append(option);
    }
    select.addEventListener("change", () => { chosen[name] = select.value; apply(); });
    label.append(select);
    box.append(label);
  }
  box.append(told);
  box.hidden = false;
  apply();
})();
