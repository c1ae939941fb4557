// Draws the components of a page from the data that stand in it. Text is set as text, never as
// markup: data hold what people typed.
const UNKNOWN = "—", MINUS = "\u2212";
const unpacked = (id) => {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
};

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
const words = (name) => { const text = name.replaceAll("_", " "); return text && text[0].toUpperCase() + text.slice(1); };
