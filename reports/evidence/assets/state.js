
// What is chosen, which rows that leaves, and the address that says so.
const page = await unpacked("page").json();
const ANY = "%";
// Inputs of these names go along from page to page.
const GO_ALONG = ["period", "channel", "category", "handling", "team"];
const chosen = {}, spans = {}, carried = {};
const asking = new Set(Object.values(page.queries).flatMap((query) => query.choices));

// Texts that repeat stand once.
const columns = page.columns.map((values) => (Array.isArray(values) ? values : null));
const column = (at) => {
  if (!columns[at]) {
    const { words, codes } = page.columns[at];
    columns[at] = codes.map((code) => words[code]);
  }
  return columns[at];
};
// Rows of a query, by what is chosen.
const read = (name) => {
  const query = page.queries[name];
  const found = query.by[query.choices.map((choice) => chosen[choice]).join("\x1f")];
  const names = Object.keys(found || Object.values(query.by)[0]), held = {};
  for (const each of names) held[each] = found ? column(found[each]) : [];
  const size = names.length ? held[names[0]].length : 0;
  const tests = query.cuts.filter(([input]) => chosen[input] !== ANY).map(([input, among]) => {
    const wanted = chosen[input], lists = among.map((each) => held[each]);
    return (at) => lists.some((list) => String(list[at]) === wanted);
  });
  if (query.range) {
    const { start, end } = spans[query.range[0]], days = held[query.range[1]];
    tests.push((at) => { const day = String(days[at]).slice(0, 10); return day >= start && day <= end; });
  }
  let places = [...Array(size).keys()];
  if (tests.length) places = places.filter((at) => tests.every((test) => test(at)));
  return { names, size: places.length, at: (each, row) => held[each][places[row]],
           all: (each) => places.map((at) => held[each][at]) };
};
// Kept until something else is chosen.
const known = new Map();
const table = (name) => {
  if (!known.has(name)) known.set(name, read(name));
  return known.get(name);
};
const dependsOn = (name, input) => {
  const { choices, cuts, range } = page.queries[name];
  return choices.includes(input) || cuts.some(([each]) => each === input) || Boolean(range && range[0] === input);
};

// Several values as one; what is unknown does not count.
const AGGREGATES = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  avg: (values) => AGGREGATES.sum(values) / values.length,
  count: (values) => values.length,
  min: (values) => values.reduce((one, other) => (other < one ? other : one)),
  max: (values) => values.reduce((one, other) => (other > one ? other : one)),
  median: (values) => {
    const sorted = [...values].sort((one, other) => one - other), half = (sorted.length - 1) / 2;
    return (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
  },
};
const aggregate = (values, how) => {
  const given = values.filter((value) => value !== null);
  // Of no row there are none; of rows that are all unknown nobody knows.
  return given.length ? AGGREGATES[how](given) : how === "count" || (how === "sum" && !values.length) ? 0 : null;
};

const DAYS = { "Last 7 Days": 7, "Last 30 Days": 30, "Last 90 Days": 90, "Last 3 Months": 91, "Last 6 Months": 182, "Last 12 Months": 365 };
const preset = (range) => {
  const back = DAYS[range.preset];
  const start = back && range.last ? new Date(new Date(`${range.last}T00:00:00Z`) - (back - 1) * 864e5).toISOString().slice(0, 10) : range.first;
  return { start: start < range.first ? range.first : start, end: range.last };
};
// Takes over what an address says after its #. What it does not name begins as the page does;
// `merging`, it stays, and days are narrowed to those of both.
const take = (hash, merging = false) => {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const inputs = new Set([...page.choices, ...page.ranges].map((each) => each.name));
  for (const name of GO_ALONG) {
    if (inputs.has(name) || (merging && !said.has(name))) continue;
    if (said.has(name)) carried[name] = said.get(name); else delete carried[name];
  }
  for (const { name, options, default: first } of page.choices) {
    if (!said.has(name) && merging) continue;
    const value = said.get(name);
    // Rows can be looked for by any value; what only some values were asked for has no others, and
    // what stands for all of them is only what the page has for it.
    const isOne = value && value !== ANY && value !== "all" && !asking.has(name);
    const fits = isOne || options.some(([each]) => each === value);
    chosen[name] = fits ? value : first;
  }
  for (const range of page.ranges) {
    if (!said.has(range.name) && merging) continue;
    const [, start, end] = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(said.get(range.name) || "") || [];
    const before = spans[range.name];
    spans[range.name] = !start ? preset(range) : !merging || end < before.start || start > before.end ? { start, end } :
      { start: start < before.start ? before.start : start, end: end > before.end ? before.end : end };
  }
};
const hash = (of) => {
  const said = new URLSearchParams();
  const note = (name, value) => { if (!of || of.includes(name)) said.set(name, value); };
  for (const [name, value] of Object.entries(carried)) note(name, value);
  for (const each of page.choices) if (chosen[each.name] !== each.default) note(each.name, chosen[each.name]);
  for (const range of page.ranges) {
    const { start, end } = spans[range.name], usual = preset(range);
    if (start !== usual.start || end !== usual.end) note(range.name, `${start}..${end}`);
  }
  const text = said.toString();
  return text ? `#${text}` : "";
};
// The page's own address and its links to other pages say what is chosen.
const keep = (isNew = false) => {
  const address = location.href.split("#")[0] + hash();
  if (address !== location.href) history[isNew ? "pushState" : "replaceState"](null, "", address);
  const along = hash(GO_ALONG);
  for (const link of document.querySelectorAll("nav a, main a")) {
    const [file] = link.getAttribute("href").split("#");
    if (!link.closest("[data-c]") && /^[\w-]+\.html$/.test(file)) link.setAttribute("href", file + along);
  }
};
// What a link of the data may lead to.
const leads = (address) => typeof address === "string" && /^(https?:\/\/|[\w-]+\.html(#|$))/.test(address);
const go = (address) => {
  if (!leads(address)) return;
  const [file, said] = address.split(/#(.*)/s);
  if (file !== `${page.name}.html`) { location.href = address; return; }
  take(said || "", true);
  keep(true);
  drawAll();
  document.querySelector(".DataTable")?.scrollIntoView({ block: "start" });
};
const anchor = (address, text) => make("a", { href: address, text, onclick: (event) => {
  if (address.split("#")[0] === `${page.name}.html`) { event.preventDefault(); go(address); }
} });
