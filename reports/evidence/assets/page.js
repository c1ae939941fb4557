"use strict";
// Draws the components of a page from the data that stand in it. Text is set as text, never as
// markup: data hold what people typed.
(async () => {
const packed = Uint8Array.from(atob(document.getElementById("page").textContent), (sign) => sign.charCodeAt(0));
const page = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
const UNKNOWN = "—", MINUS = "\u2212";
const chosen = {}, spans = {}, drawn = [];

const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
};

// Rows of a query, by what is chosen.
const table = (name) => {
  const query = page.queries[name];
  const key = query.choices.map((choice) => chosen[choice]).join("\x1f");
  const columns = {}, names = Object.keys(query.by[key]);
  for (const name of names) columns[name] = page.columns[query.by[key][name]];
  const size = names.length ? columns[names[0]].length : 0;
  let places = [...Array(size).keys()];
  if (query.range) {
    const [input, column] = query.range, span = spans[input];
    places = places.filter((at) => {
      const day = String(columns[column][at]).slice(0, 10);
      return day >= span.start && day <= span.end;
    });
  }
  return { names, size: places.length, at: (column, row) => columns[column][places[row]],
           all: (column) => places.map((at) => columns[column][at]) };
};

// Figures as people read them.
const digits = (value, decimals) => {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
};
const two = (total, size, large, small) => {
  const whole = Math.floor(total / size), rest = total % size;
  return rest ? `${whole} ${large} ${rest} ${small}` : `${whole} ${large}`;
};
const duration = (seconds) => {
  const sign = seconds < 0 ? MINUS : "", length = Math.abs(seconds);
  if (length < 9.95 && Math.round(length * 10) % 10) return `${sign}${length.toFixed(1)} s`;
  if (Math.round(length) < 60) return `${sign}${Math.round(length)} s`;
  if (Math.round(length) < 600) return sign + two(Math.round(length), 60, "min", "s");
  const minutes = Math.round(length / 60);
  if (minutes < 2880) return sign + (minutes < 60 ? `${minutes} min` : two(minutes, 60, "h", "min"));
  return sign + two(Math.round(length / 3600), 24, "d", "h");
};
const SYMBOLS = { usd: "$", eur: "€", gbp: "£" };
const money = (value, symbol, decimals) => {
  const text = digits(value, decimals ?? (Math.abs(value) >= 1000 ? 0 : 2));
  return text.startsWith(MINUS) ? MINUS + symbol + text.slice(1) : symbol + text;
};
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const day = (text, style) => {
  const [year, month, date] = String(text).slice(0, 10).split("-").map(Number);
  if (!date) return String(text);
  if (style === "month") return `${MONTHS[month - 1]} ${year}`;
  if (style === "mmm d") return `${date} ${MONTHS[month - 1].slice(0, 3)}`;
  if (style === "date") return String(text).slice(0, 10);
  if (style === "d mmmm" || style === "longdate") return `${date} ${MONTHS[month - 1]} ${year}`;
  return String(text);
};
const plain = (value) => digits(value, Number.isInteger(value) || Math.abs(value) >= 1000 ? 0 : Math.abs(value) < 1 ? 3 : 1);
const KINDS = {
  share: (v) => `${digits(v * 100, 1)} %`, seconds: duration, dur: duration,
  currency: (v) => money(v, page.currency), score: (v) => digits(v, 2), per_order: (v) => digits(v, 3),
  rho: (v) => digits(v, 2), balance: (v) => digits(v, 1), times: (v) => `${digits(v, 2)}×`,
  points: (v) => (v > 0 ? "+" : "") + digits(v, 2), fte: (v) => `${(v > 0 ? "+" : "") + digits(v, 1)} FTE`,
  hours: (v) => `${plain(v)} h`, days: (v) => `${plain(v)} days`, count: plain, plain,
};
const shown = (value, format) => {
  if (value === null || value === undefined || value === "") return UNKNOWN;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return format && !(format in KINDS) ? day(value, format) : value;
  if (!format) return plain(value);
  if (format in KINDS) return KINDS[format](value);
  if (format === "id") return String(value);
  const [, kind, decimals] = /^([a-z]+)(\d?)$/.exec(format) || [];
  const places = decimals === "" ? undefined : Number(decimals);
  if (kind === "num") return digits(value, places ?? 0);
  if (kind === "pct") return `${digits(value * 100, places ?? 1)} %`;
  if (kind in SYMBOLS) return money(value, SYMBOLS[kind], places);
  return plain(value);
};
const brief = (text) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
const words = (name) => { const text = name.replaceAll("_", " "); return text[0].toUpperCase() + text.slice(1); };

// Components, each by what it is told and where it stands.
const DRAW = {
  Value(told, place) {
    const rows = table(told.data);
    place.textContent = rows.size ? shown(rows.at(told.column, 0), told.fmt) : told.placeholder || UNKNOWN;
  },
  BigValue(told, place) {
    const rows = table(told.data), last = rows.size - 1;
    const value = rows.size ? rows.at(told.value, last) : null;
    const title = make("div", { class: "title", text: told.title || words(told.value) });
    const figure = make("div", { class: "figure", text: shown(value, told.fmt) });
    place.replaceChildren(title, figure);
    if (told.comparison && rows.size) {
      const other = rows.at(told.comparison, last);
      const good = other === null || other === 0 ? "" : (other > 0) !== Boolean(told.downIsGood) ? " better" : " worse";
      const word = good === " better" ? "better" : good === " worse" ? "worse" : "";
      place.append(make("div", { class: `compared${good}`, text: other === null ? UNKNOWN :
        `${other > 0 ? "+" : ""}${shown(other, told.comparisonFmt || told.fmt).replace(/^\+/, "")} ${told.comparisonTitle || ""}${word ? ` · ${word}` : ""}` }));
    }
    if (told.sparkline && rows.size > 1) place.append(spark(rows.all(told.value)));
  },
  DataTable(told, place) {
    const rows = table(told.data);
    if (!rows.size) return empty(told, place);
    const columns = told.parts.length ? told.parts : rows.names.map((id) => ({ id }));
    const state = place.state ||= { find: "", by: null, up: true, all: false };
    const cell = (column, row) => shown(rows.at(column.id, row), column.fmtColumn ? rows.at(column.fmtColumn, row) : column.fmt);
    const body = make("tbody"), more = make("button", { class: "more", type: "button" });
    const limit = told.rows || 10;
    const reads = (format) => format && !/date|month|mmm|yyyy|^id$/.test(format);
    const isNumber = (column) => column.align ? column.align === "right" : column.fmtColumn || reads(column.fmt) || rows.all(column.id).some((v) => typeof v === "number");
    const heads = columns.map((column) => make("th", { scope: "col", class: isNumber(column) ? "right" : column.align || "" },
      make("button", { type: "button", text: column.title || words(column.id), onclick: () => {
        state.up = state.by === column.id ? !state.up : true;
        state.by = column.id;
        fill();
      } })));
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
      const seen = state.all ? places : places.slice(0, limit);
      body.replaceChildren(...seen.map((row) => make("tr", {}, ...columns.map((column, at) => {
        const address = at === 0 && told.link ? rows.at(told.link, row) : null;
        const text = cell(column, row);
        const inner = address && /^(https?:|[\w-]+\.html)/.test(address) ? make("a", { href: address, text }) : text;
        return make("td", { class: `${isNumber(column) ? "right" : column.align || ""}${column.wrap ? " wrap" : ""}` }, inner);
      }))));
      more.hidden = places.length <= limit;
      more.textContent = state.all ? `Only the first ${limit}` : `All ${places.length.toLocaleString("en-US")} rows`;
    };
    more.addEventListener("click", () => { state.all = !state.all; fill(); });
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
    const choice = page.choices.find((each) => each.name === told.name);
    if (place.firstChild) return;
    const id = `in-${told.name}`;
    const select = make("select", { id, onchange: (event) => { chosen[told.name] = event.target.value; drawAll(); } },
      ...choice.options.map(([value, label]) => make("option", { value, text: brief(label), selected: value === chosen[told.name] })));
    place.append(make("label", { for: id, text: told.title || words(told.name) }), select);
  },
  DateRange(told, place) {
    if (place.firstChild) return;
    const range = page.ranges.find((each) => each.name === told.name), span = spans[told.name];
    const field = (which, label) => {
      const id = `in-${told.name}-${which}`;
      return [make("label", { for: id, text: label }), make("input", { id, type: "date", min: range.first, max: range.last,
        value: span[which], onchange: (event) => { span[which] = event.target.value || range[which === "start" ? "first" : "last"]; drawAll(); } })];
    };
    place.append(...field("start", `${told.title || words(told.name)} from`), ...field("end", "to"));
  },
  LineChart: (told, place) => chart(told, place, "line"),
  AreaChart: (told, place) => chart(told, place, "area"),
  BarChart: (told, place) => chart(told, place, "bar"),
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

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const chart = (asked, place, kind) => {
  const rows = table(asked.data);
  if (!rows.size) return empty(asked, place);
  // A format may be told by the data: the name of the column that has it.
  const told = rows.names.includes(asked.yFmt) ? { ...asked, yFmt: rows.at(asked.yFmt, 0) } : asked;
  const isDate = rows.all(told.x).every((value) => /^\d{4}-\d\d-\d\d/.test(String(value)));
  const swap = told.swapXY === true;
  const xs = [...new Set(rows.all(told.x).map(String))];
  if (isDate) xs.sort();
  const groups = told.series ? [...new Set(rows.all(told.series).map(String))] : null;
  const lines = [];
  for (const y of told.y) {
    for (const group of groups || [null]) {
      const by = new Map(), from = new Map();
      for (let row = 0; row < rows.size; row += 1) {
        if (group !== null && String(rows.at(told.series, row)) !== group) continue;
        by.set(String(rows.at(told.x, row)), rows.at(y, row));
        from.set(String(rows.at(told.x, row)), row);
      }
      const missing = told.handleMissing === "zero" || (kind !== "line" && told.handleMissing !== "gap") ? 0 : null;
      lines.push({ name: group === null ? words(y) : brief(told.y.length > 1 ? `${words(group)}, ${words(y)}` : words(group)),
        values: xs.map((x) => (by.has(x) ? by.get(x) : missing)), rows: xs.map((x) => from.get(x)) });
    }
  }
  const palette = ["blue", "tint", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"].map(colour);
  const basis = (row) => {
    if (row === undefined) return "";
    const has = (name) => rows.names.includes(name) && rows.at(name, row) !== null;
    const part = has("numerator") && has("denominator") ? ` = ${plain(rows.at("numerator", row))} of ${plain(rows.at("denominator", row))}` : "";
    return part + (has("n") && !part ? ` (n = ${plain(rows.at("n", row))})` : "");
  };
  const label = (x) => (isDate ? day(x, told.xFmt || "mmm d") : told.xFmt ? shown(x, told.xFmt) : brief(words(String(x))));
  const text = colour("quiet"), rule = colour("rule");
  const category = { type: "category", data: xs, axisLine: { lineStyle: { color: colour("quiet") } }, axisTick: { show: false },
    inverse: swap, axisLabel: { color: text, formatter: label, hideOverlap: true, width: swap ? 140 : undefined, overflow: "truncate" } };
  const values = { type: "value", min: told.yMin ?? (kind === "line" ? (range) => nice(range, told) : undefined), max: told.yMax, name: told.yAxisTitle,
    nameTextStyle: { color: text }, splitLine: { lineStyle: { color: rule } }, axisLabel: { color: text, formatter: (v) => shown(v, told.yFmt) } };
  const option = {
    animation: false, color: palette, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, aria: { enabled: false },
    grid: { left: 8, right: 16, top: lines.length > 1 ? 34 : 12, bottom: 8, containLabel: true },
    legend: lines.length > 1 ? { top: 0, itemGap: 16, type: "scroll", left: 0, textStyle: { color: text }, icon: "roundRect", itemHeight: 4 } : undefined,
    xAxis: swap ? values : category, yAxis: swap ? category : values,
    tooltip: { trigger: "axis", confine: true, backgroundColor: colour("paper"), borderColor: rule, textStyle: { color: colour("ink") },
      formatter: (points) => make("div", {}, make("strong", { text: label(points[0].axisValue) }),
        ...points.filter((point) => point.value !== null && point.value !== undefined).map((point) =>
          make("div", { text: `${point.seriesName}: ${shown(point.value, told.yFmt)}${basis(lines[point.seriesIndex].rows[point.dataIndex])}` }))) },
    series: lines.map((line, at) => ({
      name: line.name, data: line.values, type: kind === "bar" ? "bar" : "line", connectNulls: told.handleMissing === "connect",
      stack: kind === "area" || (kind === "bar" && told.type !== "grouped" && lines.length > 1) ? "all" : undefined,
      areaStyle: kind === "area" ? { opacity: 0.5 } : undefined, lineStyle: { width: 2 }, barMaxWidth: 28,
      symbol: "circle", symbolSize: 5, showSymbol: told.markers === true || xs.length <= 16, ...(at ? {} : marks(told, xs, colour)),
    })),
  };
  let canvas = place.querySelector(".chart");
  if (!canvas) {
    const figure = make("figure", {}, make("figcaption", {}, told.title || "", make("span", { text: told.subtitle || "" })));
    canvas = make("div", { class: "chart", role: "img" });
    if (told.chartAreaHeight) canvas.style.height = `${told.chartAreaHeight}px`;
    figure.append(canvas, make("details", {}, make("summary", { text: "Figures" }), make("div", { class: "scroll" })));
    place.replaceChildren(figure);
    place.chart = echarts.init(canvas, null, { renderer: "svg" });
  }
  if (swap) canvas.style.height = `${Math.max(120, 34 * xs.length + 40)}px`;
  canvas.setAttribute("aria-label", `${told.title || words(told.data)}: ${lines.map((line) => line.name).join(", ")} by ${words(told.x).toLowerCase()}, ${label(xs[0])} to ${label(xs[xs.length - 1])}`);
  place.chart.resize();
  place.chart.setOption(option, true);
  place.querySelector("details .scroll").replaceChildren(make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col", text: words(told.x) }), ...lines.map((line) => make("th", { scope: "col", class: "right", text: line.name })))),
    make("tbody", {}, ...xs.map((x, at) => make("tr", {}, make("td", { text: label(x) }),
      ...lines.map((line) => make("td", { class: "right", text: shown(line.values[at], told.yFmt) })))))));
};
// A line may begin above zero, at a round figure a little below its lowest.
const nice = (range, told) => {
  if (told.yMin !== undefined) return told.yMin;
  const span = range.max - range.min || Math.abs(range.max) || 1;
  if (range.min >= 0 && range.min < span) return 0;
  const step = 10 ** Math.floor(Math.log10(span));
  return Math.floor((range.min - span * 0.1) / step) * step;
};
const marks = (told, xs) => {
  const lines = [], areas = [];
  const at = (part, name, row, rows) => (part.data && rows.names.includes(part[name]) ? rows.at(part[name], row) : part[name]);
  const within = (x) => { const day = String(x).slice(0, 10); return xs.find((each) => each.slice(0, 10) >= day); };
  for (const part of told.parts) {
    const rows = part.data ? table(part.data) : { size: 1, names: [] };
    for (let row = 0; row < rows.size; row += 1) {
      const name = brief(String(at(part, "label", row, rows) ?? ""));
      if (part.is === "ReferenceLine") {
        const level = at(part, "y", row, rows);
        if (level !== null && level !== undefined) lines.push({ [told.swapXY ? "xAxis" : "yAxis"]: Number(level), name });
      } else {
        const first = within(at(part, "xMin", row, rows)), end = String(at(part, "xMax", row, rows)).slice(0, 10);
        const last = [...xs].reverse().find((each) => each.slice(0, 10) <= end);
        if (first && last && first <= last) areas.push([{ xAxis: first, name }, { xAxis: last }]);
      }
    }
  }
  const style = { color: colour("quiet"), formatter: (point) => point.name, position: "insideStartTop" };
  return {
    markLine: { silent: true, symbol: "none", animation: false, lineStyle: { color: colour("quiet"), type: "dashed", width: 1 }, label: style, data: lines },
    markArea: { silent: true, itemStyle: { color: colour("rule"), opacity: 0.55 }, label: { color: colour("quiet"), fontSize: 11, position: "insideTop" }, data: areas },
  };
};

const places = document.querySelectorAll("[data-c]");
const drawAll = () => {
  for (const place of places) {
    const told = page.components[Number(place.dataset.c)];
    DRAW[told.is](told, place);
  }
  for (const part of document.querySelectorAll("[data-if]")) {
    part.hidden = (table(part.dataset.if).size === 0) !== (part.dataset.empty === "1");
  }
};

for (const choice of page.choices) chosen[choice.name] = choice.default;
const DAYS = { "Last 7 Days": 7, "Last 30 Days": 30, "Last 90 Days": 90, "Last 3 Months": 91, "Last 6 Months": 182, "Last 12 Months": 365 };
for (const range of page.ranges) {
  const end = new Date(`${range.last}T00:00:00Z`);
  const back = DAYS[range.preset];
  const start = back && range.last ? new Date(end - (back - 1) * 864e5).toISOString().slice(0, 10) : range.first;
  spans[range.name] = { start: start < range.first ? range.first : start, end: range.last };
}
for (const tabs of document.querySelectorAll(".tabs")) {
  const buttons = [...tabs.querySelectorAll(":scope > [role=tablist] > [role=tab]")];
  const panels = [...tabs.querySelectorAll(":scope > [role=tabpanel]")];
  const pick = (at) => {
    buttons.forEach((button, each) => { button.setAttribute("aria-selected", String(each === at)); button.tabIndex = each === at ? 0 : -1; });
    panels.forEach((panel, each) => { panel.hidden = each !== at; });
    drawAll();
  };
  buttons.forEach((button, at) => {
    button.addEventListener("click", () => pick(at));
    button.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1 }[event.key];
      if (to !== undefined) { const next = (to + buttons.length) % buttons.length; buttons[next].focus(); pick(next); }
    });
  });
  pick(0);
}
drawAll();
addEventListener("resize", () => places.forEach((place) => place.chart && place.chart.resize()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
document.documentElement.dataset.ready = "1";
})();
