
const DRAW = {
  Value(told, place) {
    const rows = table(told.data);
    const value = told.agg ? aggregate(rows.all(told.column), told.agg) : rows.size ? rows.at(told.column, 0) : undefined;
    place.textContent = value === undefined || (value === null && told.placeholder) ? told.placeholder || UNKNOWN : shown(value, told.fmt);
  },
  BigValue(told, place) {
    const rows = table(told.data), last = rows.size - 1;
    const has = (name) => name && rows.size && rows.names.includes(name);
    const value = told.agg ? aggregate(rows.all(told.value), told.agg) : rows.size ? rows.at(told.value, last) : null;
    const title = make("div", { class: "title", text: told.title || words(told.value) });
    const address = has(told.link) ? rows.at(told.link, last) : told.link;
    const figure = make("div", { class: "figure" }, leads(address) ? anchor(address, shown(value, told.fmt)) : shown(value, told.fmt));
    const isOpen = place.querySelector("details")?.open;
    place.replaceChildren(title, figure);
    if (told.comparison && rows.size) {
      const other = rows.at(told.comparison, last);
      const good = other === null || other === 0 ? "" : (other > 0) !== Boolean(told.downIsGood) ? " better" : " worse";
      const word = good === " better" ? "better" : good === " worse" ? "worse" : "";
      place.append(make("div", { class: `compared${good}`, text: other === null ? UNKNOWN :
        `${other > 0 ? "+" : ""}${shown(other, told.comparisonFmt || told.fmt).replace(/^\+/, "")} ${told.comparisonTitle || ""}${word ? ` · ${word}` : ""}` }));
    }
    if (told.sparkline && rows.size > 1) place.append(spark(rows.all(told.value)));
    const counted = told.agg && told.agg !== "count" ? `n = ${plain(aggregate(rows.all(told.value), "count"))}` : basis(rows, last).trim();
    if (has("definition") || (told.agg && counted)) {
      place.append(make("details", { class: "how", open: isOpen }, make("summary", { text: "How it is counted" }),
        make("p", { text: [has("definition") && rows.at("definition", last), counted && counted.replace(/^= /, "Here: ")].filter(Boolean).join(" ") })));
    }
  },
  DataTable(told, place) {
    const rows = table(told.data);
    if (!rows.size) return empty(told, place);
    const shape = told.parts.length ? told.parts : rows.names.map((id) => ({ id }));
    const state = place.state ||= { find: "", by: told.sort ? told.sort.split(" ")[0] : null, up: !/ desc$/.test(told.sort || ""), pages: 1 };
    const cell = (column, row) => shown(rows.at(column.id, row), column.fmtColumn ? rows.at(column.fmtColumn, row) : column.fmt);
    const body = make("tbody"), more = make("button", { class: "more", type: "button" });
    const limit = told.rows || 10;
    const reads = (format) => format && !/date|month|mmm|yyyy|^id$/.test(format);
    const isNumber = (column) => (column.align ? column.align === "right" : column.fmtColumn || reads(column.fmt) || rows.all(column.id).some((v) => typeof v === "number"));
    const columns = shape.map((column) => ({ ...column, side: isNumber(column) ? "right" : column.align || "" }));
    const heads = columns.map((column) => make("th", { scope: "col", class: column.side },
      make("button", { type: "button", text: column.title || words(column.id), onclick: () => {
        state.up = state.by === column.id ? !state.up : true;
        state.by = column.id;
        fill();
      } })));
    const hint = (row) => [rows.names.includes("definition") && rows.at("definition", row), basis(rows, row).trim()].filter(Boolean).join(" ") || undefined;
    const fill = () => {
      let places = [...Array(rows.size).keys()];
      const find = state.find.toLowerCase();
      if (find) places = places.filter((row) => columns.some((column) => cell(column, row).toLowerCase().includes(find)));
      if (state.by) {
        places.sort((one, other) => {
          const a = rows.at(state.by, one), b = rows.at(state.by, other);
          const order = a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1;
          return state.up ? order : -order;
        });
      }
      heads.forEach((head, at) => head.setAttribute("aria-sort", columns[at].id !== state.by ? "none" : state.up ? "ascending" : "descending"));
      // A long table comes by parts, since a browser takes seconds for tens of thousands of rows.
      const size = state.pages === 1 ? limit : (state.pages - 1) * MOST_AT_ONCE;
      body.replaceChildren(...places.slice(0, size).map((row) => make("tr", {}, ...columns.map((column, at) => {
        const address = at === 0 && told.link ? rows.at(told.link, row) : null;
        const text = cell(column, row);
        return make("td", { class: `${column.side}${column.wrap ? " wrap" : ""}`, title: at === 0 ? hint(row) : undefined },
          leads(address) ? anchor(address, text) : text);
      }))));
      const all = `${places.length.toLocaleString("en-US")} rows`;
      more.hidden = places.length <= limit;
      more.textContent = size >= places.length ? `Only the first ${limit}` :
        places.length <= state.pages * MOST_AT_ONCE ? `All ${all}` : `${MOST_AT_ONCE} more of ${all}`;
      more.onclick = () => { state.pages = size >= places.length ? 1 : state.pages + 1; fill(); };
    };
    fill();
    const parts = [];
    if (told.title) parts.push(make("p", { class: "tabletitle", text: told.title }));
    if (told.search) {
      parts.push(make("input", { type: "search", placeholder: "Search", "aria-label": `Search ${told.title || told.data}`,
        value: state.find, oninput: (event) => { state.find = event.target.value; fill(); } }));
    }
    parts.push(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": told.title || words(told.data) },
      make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body)), more);
    place.replaceChildren(...parts);
  },
  Dropdown(told, place) {
    const choice = page.choices.find((each) => each.name === told.name), id = `in-${told.name}`;
    if (!place.firstChild) {
      place.append(make("label", { for: id, text: told.title || words(told.name) }),
        make("select", { id, onchange: (event) => { chosen[told.name] = event.target.value; keep(); drawAll(told.name); } },
          ...choice.options.map(([value, label]) => make("option", { value, text: brief(label) }))));
    }
    const select = place.querySelector("select"), value = chosen[told.name];
    // An address may ask for what there is nothing of.
    if (![...select.options].some((option) => option.value === value)) select.append(make("option", { value, text: brief(words(value)) }));
    select.value = value;
  },
  DateRange(told, place) {
    const range = page.ranges.find((each) => each.name === told.name);
    const id = (which) => `in-${told.name}-${which}`;
    if (!place.firstChild) {
      const field = (which, label) => [make("label", { for: id(which), text: label }), make("input", { id: id(which), type: "date",
        onchange: (event) => {
          spans[told.name][which] = event.target.value || range[which === "start" ? "first" : "last"];
          keep();
          drawAll(told.name);
        } })];
      place.append(...field("start", `${told.title || words(told.name)} from`), ...field("end", "to"));
    }
    for (const which of ["start", "end"]) place.querySelector(`#${id(which)}`).value = spans[told.name][which];
  },
  LineChart: (told, place) => chart(told, place, "line"),
  AreaChart: (told, place) => chart(told, place, "area"),
  BarChart: (told, place) => chart(told, place, "bar"),
};
const MOST_AT_ONCE = 1000;
// What a figure is made of, where the query says it.
const basis = (rows, row) => {
  const has = (name) => row >= 0 && rows.names.includes(name) && rows.at(name, row) !== null;
  const part = has("numerator") && has("denominator") ? ` = ${plain(rows.at("numerator", row))} of ${plain(rows.at("denominator", row))}` : "";
  return part + (has("n") && (!part || rows.at("n", row) !== rows.at("denominator", row)) ? ` (n = ${plain(rows.at("n", row))})` : "");
};

const empty = (told, place) => {
  if (place.chart) { place.chart.dispose(); place.chart = null; }
  place.replaceChildren(make("p", { class: "empty", text: `${told.title ? `${told.title}: ` : ""}${told.emptyMessage || "There is nothing for this choice."}` }));
};
const spark = (values) => {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known), high = Math.max(...known), span = high - low || 1;
  let path = "", pen = "M";
  values.forEach((value, at) => {
    if (value === null) { pen = "M"; return; }
    path += `${pen}${(100 * at / (values.length - 1)).toFixed(2)},${(36 - 32 * (value - low) / span).toFixed(2)}`;
    pen = "L";
  });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 40"); svg.setAttribute("preserveAspectRatio", "none"); svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
};
