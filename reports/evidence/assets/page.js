
const places = document.querySelectorAll("[data-c]");
const queriesOf = (told) => [told, ...told.parts].map((each) => each.data).filter(Boolean);
// Everything, or what depends on the input that has changed.
const drawAll = (changed = null) => {
  known.clear();
  // First, since a chart takes its size from where it stands.
  for (const part of document.querySelectorAll("[data-if]")) {
    part.hidden = (table(part.dataset.if).size === 0) !== (part.dataset.empty === "1");
  }
  for (const place of places) {
    const told = page.components[Number(place.dataset.c)];
    if (changed === null || queriesOf(told).some((name) => dependsOn(name, changed))) DRAW[told.is](told, place);
  }
};

if (document.getElementById("library")) {
  // The policy of the page knows this text by its checksum.
  const library = make("script");
  library.textContent = await unpacked("library").text();
  document.head.append(library);
}
take(location.hash);
keep();
for (const [nth, tabs] of document.querySelectorAll(".tabs").entries()) {
  const buttons = [...tabs.querySelectorAll(":scope > [role=tablist] > [role=tab]")];
  const panels = [...tabs.querySelectorAll(":scope > [role=tabpanel]")];
  const pick = (at, isFirst = false) => {
    buttons.forEach((button, each) => { button.setAttribute("aria-selected", String(each === at)); button.tabIndex = each === at ? 0 : -1; });
    panels.forEach((panel, each) => { panel.hidden = each !== at; });
    if (!isFirst) panels[at].querySelectorAll("[data-c]").forEach((place) => place.chart && place.chart.resize());
  };
  buttons.forEach((button, at) => {
    button.addEventListener("click", () => pick(at));
    button.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1 }[event.key];
      if (to !== undefined) { const next = (to + buttons.length) % buttons.length; buttons[next].focus(); pick(next); }
    });
  });
  buttons.forEach((button, at) => {
    button.id = `tab-${nth}-${at}`;
    panels[at].id = `${button.id}-panel`;
    button.setAttribute("aria-controls", panels[at].id);
    panels[at].setAttribute("aria-labelledby", button.id);
  });
  pick(0, true);
}
drawAll();
addEventListener("hashchange", () => { take(location.hash); keep(); drawAll(); });
addEventListener("resize", () => places.forEach((place) => place.chart && place.chart.resize()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
document.documentElement.dataset.ready = "1";
