import { h, put } from "./dom";
import { alertPage } from "./pages/alert";
import { alertsPage } from "./pages/alerts";
import { overviewPage } from "./pages/overview";
import { searchPage } from "./pages/search";
import { sensorPage } from "./pages/sensor";
import { sensorsPage } from "./pages/sensors";
import { settingsPage } from "./pages/settings";
import type { Page } from "./view";

const unknown: Page = {
	title: "Not found",
	show: (v) => put(v.root, h("h1", null, "Not found"), h("p", { class: "muted" }, "There is no such page. ", h("a", { href: "/" }, "To the overview"), ".")),
};

// find gives the page of an address, and what the address says beside.
export function find(path: string): [Page, string] {
	const [, place = "", parameter = "", more] = path.split("/");
	if (more !== undefined) return [unknown, ""];
	const pages: Record<string, [whole: Page | undefined, one: Page | undefined]> = {
		"": [overviewPage, undefined],
		alerts: [alertsPage, alertPage],
		search: [searchPage, undefined],
		sensors: [sensorsPage, sensorPage],
		settings: [settingsPage, settingsPage],
	};
	const page = Object.hasOwn(pages, place) ? pages[place]![parameter ? 1 : 0] : undefined;
	return page ? [page, decodeURIComponent(parameter)] : [unknown, ""];
}
