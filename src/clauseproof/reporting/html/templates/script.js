
// A convenience only: the page is complete without it, and paper shows everything.
const filter = document.getElementById("filter");
const clauses = [...document.querySelectorAll(".clause")].map((element) => ({
  element, ruling: element.parentElement.classList[1], tier: element.dataset.tier, proof: Number(element.dataset.proof), text: null,
}));
const groups = [...new Set(clauses.map((clause) => clause.element.parentElement))];

function matches(clause, wanted) {
  if (!wanted.rulings.includes(clause.ruling) || clause.proof < wanted.proof) return false;
  if (wanted.tier && wanted.tier !== clause.tier) return false;
  if (!wanted.words.length) return true;
  clause.text ??= clause.element.textContent.toLowerCase();
  return wanted.words.every((word) => clause.text.includes(word));
}

function apply() {
  const wanted = {
    words: filter.q.value.toLowerCase().split(/\s+/).filter(Boolean), rulings: new FormData(filter).getAll("v"),
    tier: filter.tier.value, proof: Number(filter.proof.value),
  };
  let shown = 0;
  for (const clause of clauses) {
    clause.element.hidden = !matches(clause, wanted);
    shown += clause.element.hidden ? 0 : 1;
  }
  for (const group of groups) group.hidden = !group.querySelector(".clause:not([hidden])");
  filter.querySelector("output").value = `${shown} of ${clauses.length}`;
}

filter.hidden = false;
filter.addEventListener("input", apply);
filter.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => {  // a link into the page wins over the filter
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.closest("[hidden]")) { filter.reset(); apply(); target.scrollIntoView(); }
});
addEventListener("beforeprint", () => {  // browsers whose style sheets cannot open details on paper
  for (const details of document.querySelectorAll("details:not([open])")) { details.open = true; details.dataset.printed = ""; }
});
addEventListener("afterprint", () => {
  for (const details of document.querySelectorAll("[data-printed]")) { details.open = false; delete details.dataset.printed; }
});
