
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const chart = (asked, place, kind) => {
  const rows = table(asked.data);
  if (!rows.size) return empty(asked, place);
  // A format may be told by the data: the name of the column that has it.
  const told = rows.names.includes(asked.yFmt) ? { ...asked, yFmt: rows.at(asked.yFmt, 0) } : asked;
  const swap = told.swapXY === true;
  const xs = [...new Set(rows.all(told.x).map(String))];
  const isDate = xs.every((value) => /^\d{4}-\d\d-\d\d/.test(value));
  if (isDate) xs.sort();
  // Rows by series and place, in one go: there may be tens of thousands.
  const groups = new Map();
  for (let row = 0; row < rows.size; row += 1) {
    const group = told.series ? String(rows.at(told.series, row)) : null, x = String(rows.at(told.x, row));
    if (!groups.has(group)) groups.set(group, new Map());
    const of = groups.get(group);
    if (!of.has(x)) of.set(x, []);
    of.get(x).push(row);
  }
  const lines = [];
  for (const y of told.y) {
    for (const [group, of] of groups) {
      const value = (x) => {
        const found = of.get(x);
        if (!found) return told.handleMissing === "zero" || (kind !== "line" && told.handleMissing !== "gap") ? 0 : null;
        return told.agg ? aggregate(found.map((row) => rows.at(y, row)), told.agg) : rows.at(y, found[found.length - 1]);
      };
      const made = (x) => {
        const found = of.get(x) || [], row = found[found.length - 1] ?? -1;
        return told.agg ? (["count", "sum"].includes(told.agg) ? "" : ` (n = ${aggregate(found.map((each) => rows.at(y, each)), "count")})`) : basis(rows, row);
      };
      const link = (x) => (told.link && of.has(x) ? rows.at(told.link, of.get(x)[0]) : null);
      lines.push({ name: group === null ? words(y) : brief(told.y.length > 1 ? `${words(group)}, ${words(y)}` : words(group)),
        values: xs.map(value), made: (at) => made(xs[at]), links: xs.map(link) });
    }
  }
  // A line of which nothing is known is none, as long as there is another.
  const telling = lines.filter((line) => line.values.some((value) => value !== null));
  if (telling.length) lines.splice(0, lines.length, ...telling);
  const palette = ["blue", "tint", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"].map(colour);
  const label = (x) => (isDate ? day(x, told.xFmt || "mmm d") : told.xFmt ? shown(x, told.xFmt) : brief(words(String(x))));
  const band = bandOf(told, rows, xs);
  const expected = (at) => (band.low[at] === null || band.low[at] === undefined ? [] : [make("div", { text: `Usual: ${shown(band.low[at], told.yFmt)} to ${shown(band.high[at], told.yFmt)}` })]);
  const said = rows.names.includes("definition") ? rows.at("definition", 0) : null;
  const formula = said ? [make("div", { class: "formula", text: said })] : [];
  const text = colour("quiet"), rule = colour("rule");
  const category = { type: "category", data: xs, axisLine: { lineStyle: { color: colour("quiet") } }, axisTick: { show: false },
    inverse: swap, axisLabel: { color: text, formatter: label, hideOverlap: true, width: swap ? 140 : undefined, overflow: "truncate" } };
  const step = ["dur", "seconds"].includes(told.yFmt) && kind === "line" ? stepOf([...lines.flatMap((line) => line.values), ...band.high]) : undefined;
  const least = (range) => (step ? Math.floor(range.min / step) * step : nice(range, told));
  const most = step && ((range) => Math.ceil(range.max / step) * step);
  const values = { type: "value", min: told.yMin ?? (kind === "line" ? least : undefined), max: told.yMax ?? most, interval: step, name: told.yAxisTitle,
    nameTextStyle: { color: text }, splitLine: { lineStyle: { color: rule } }, axisLabel: { color: text, formatter: (v) => shown(v, told.yFmt) } };
  const option = {
    animation: false, color: palette, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, aria: { enabled: false },
    grid: { left: 8, right: 16, top: lines.length > 1 ? 34 : 12, bottom: 8, containLabel: true },
    legend: lines.length > 1 ? { data: lines.map((line) => line.name), top: 0, itemGap: 16, type: "scroll", left: 0, textStyle: { color: text }, icon: "roundRect", itemHeight: 4 } : undefined,
    xAxis: swap ? values : category, yAxis: swap ? category : values,
    tooltip: { trigger: "axis", confine: true, backgroundColor: colour("paper"), borderColor: rule, textStyle: { color: colour("ink") },
      extraCssText: "max-width: min(28em, 90vw); white-space: normal",
      formatter: (points) => make("div", {}, make("strong", { text: label(points[0].axisValue) }),
        ...points.filter((point) => point.seriesIndex < lines.length && point.value !== null && point.value !== undefined).map((point) =>
          make("div", { text: `${point.seriesName}: ${shown(point.value, told.yFmt)}${lines[point.seriesIndex].made(point.dataIndex)}` })),
        ...expected(points[0].dataIndex), ...formula) },
    series: [...lines.map((line, at) => ({
      name: line.name, data: line.values, type: kind === "bar" ? "bar" : "line", connectNulls: told.handleMissing === "connect",
      stack: kind === "area" || (kind === "bar" && told.type !== "grouped" && lines.length > 1) ? "all" : undefined,
      areaStyle: kind === "area" ? { opacity: 0.5 } : undefined, lineStyle: { width: 2 }, barMaxWidth: 28,
      symbol: "circle", symbolSize: 5, showSymbol: told.markers === true || xs.length <= 16, z: 3, ...(at ? {} : marks(told, xs, colour)),
    })), ...band.series],
  };
  let canvas = place.querySelector(".chart");
  if (!canvas) {
    const figure = make("figure", {}, make("figcaption", {}, told.title || "", make("span", { text: told.subtitle || "" })));
    canvas = make("div", { class: "chart", role: "img" });
    if (told.chartAreaHeight) canvas.style.height = `${told.chartAreaHeight}px`;
    figure.append(canvas, make("details", { ontoggle: () => place.list() }, make("summary", { text: "Figures" }), make("div", { class: "scroll" })));
    place.replaceChildren(figure);
    place.chart = echarts.init(canvas, null, { renderer: "svg" });
    place.chart.getZr().on("click", (event) => place.pick(event));
    place.chart.on("click", (point) => place.hit(point));
  }
  // Bars side by side are hit themselves; all else is found by its place.
  const isApart = kind === "bar" && told.type === "grouped";
  place.hit = (point) => { if (isApart) go(lines[point.seriesIndex]?.links[point.dataIndex]); };
  place.pick = (event) => { if (told.link && !isApart) go(nearestLink(place.chart, event, lines, swap, option.series[0].stack !== undefined)); };
  canvas.classList.toggle("linked", lines.some((line) => line.links.some(leads)));
  if (swap) canvas.style.height = `${Math.max(120, 34 * xs.length + 40)}px`;
  canvas.setAttribute("aria-label", `${told.title || words(told.data)}: ${lines.map((line) => line.name).join(", ")} by ${words(told.x).toLowerCase()}, ${label(xs[0])} to ${label(xs[xs.length - 1])}`);
  place.chart.resize();
  place.chart.setOption(option, true);
  // Nobody waits for figures that are not looked at.
  const list = place.querySelector("details");
  place.list = () => list.querySelector(".scroll").replaceChildren(...(list.open ? [make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col", text: words(told.x) }), ...lines.map((line) => make("th", { scope: "col", class: "right", text: line.name })))),
    make("tbody", {}, ...xs.map((x, at) => make("tr", {}, make("td", { text: label(x) }),
      ...lines.map((line) => {
        const figure = shown(line.values[at], told.yFmt);
        return make("td", { class: "right" }, leads(line.links[at]) ? anchor(line.links[at], figure) : figure);
      })))))] : []));
  place.list();
};
// What is usual, from a lower to an upper column: two areas, of which the lower is not seen.
const bandOf = (told, rows, xs) => {
  if (!told.bandLow || !told.bandHigh) return { low: [], high: [], series: [] };
  const at = new Map(xs.map((x, place) => [x, place]));
  const low = xs.map(() => null), high = xs.map(() => null);
  for (let row = 0; row < rows.size; row += 1) {
    const place = at.get(String(rows.at(told.x, row)));
    low[place] ??= rows.at(told.bandLow, row);
    high[place] ??= rows.at(told.bandHigh, row);
  }
  const area = { type: "line", stack: "band", stackStrategy: "all", symbol: "none", silent: true, lineStyle: { opacity: 0 }, z: 1 };
  return { low, high, series: [{ ...area, name: "from", data: low },
    { ...area, name: "to", data: high.map((value, place) => (value === null || low[place] === null ? null : value - low[place])),
      areaStyle: { color: colour("tint"), opacity: 0.28 } }] };
};
// The link of the mark at a place: of those on each other the one that holds it, else the nearest.
const nearestLink = (drawn, event, lines, swap, isStacked) => {
  const pixel = [event.offsetX, event.offsetY];
  if (!drawn.containPixel("grid", pixel)) return null;
  const [one, other] = drawn.convertFromPixel({ xAxisIndex: 0, yAxisIndex: 0 }, pixel);
  const at = Math.round(swap ? other : one), value = swap ? one : other;
  if (isStacked) {
    let sum = 0;
    for (const line of lines) {
      const part = line.values[at] || 0;
      if (value >= sum && value < sum + part) return line.links[at];
      sum += part;
    }
    return null;
  }
  const there = lines.filter((line) => line.values[at] !== null && line.values[at] !== undefined);
  there.sort((a, b) => Math.abs(a.values[at] - value) - Math.abs(b.values[at] - value));
  return there[0]?.links[at];
};
// Time is read by minutes, hours and days: so far apart are the lines of its axis.
const STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];
const stepOf = (values) => {
  const largest = values.reduce((one, other) => Math.max(one, other ?? 0), 0);
  return STEPS.find((step) => largest / step <= 6) ?? Math.ceil(largest / 6 / 604800) * 604800;
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
