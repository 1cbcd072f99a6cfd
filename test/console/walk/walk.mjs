// Walks the console: node walk.mjs, with what it needs in the environment.
import { join } from "node:path";
import { end, login, refused, start, step as stepOn, until, url, want } from "./browser.mjs";
import { check, harmless } from "./checks.mjs";
import { hostile } from "./hostile.mjs";
import { keyboard } from "./keyboard.mjs";
import { alerts, live, search, settings } from "./mouse.mjs";
import { pictures } from "./pages.mjs";

const { VIGIL_SHOTS: shots } = process.env;
const { browser, context, page } = await start();
const step = (name, fn) => stepOn(page, name, fn);

const ids = { hostileSensor: process.env.VIGIL_HOSTILE_SENSOR };

await step("log in", () => refused("/v1/", async () => {
	await page.goto(url);
	await page.waitForSelector("input[name=user]:focus");
	for (const colorScheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme });
		await check(page, `login ${colorScheme}`);
		await page.screenshot({ path: join(shots, `login-1280-${colorScheme}.png`) });
	}
	await page.emulateMedia({ colorScheme: "light" });
	await page.keyboard.type("mara");
	await page.keyboard.press("Tab");
	await page.keyboard.type("wrong");
	await page.keyboard.press("Enter");
	await page.waitForSelector(".problem:not([hidden])");
	await login(page, "mara");
	want((await context.cookies()).every((c) => c.httpOnly && c.secure && c.sameSite === "Strict"), "the session's cookie is not closed to scripts");
}));

await step("find alerts", async () => {
	const asked = async (path) => (await page.evaluate((p) => fetch(p).then((r) => r.json()), path));
	const { alerts } = await asked("/v1/alerts?limit=50");
	ids.shell = alerts.find((a) => a.rule === "vigil-reverse-shell").id;
	ids.hostile = alerts.find((a) => a.rule === "vigil-hostile" && a.severity === 4).id;
	ids.tangled = alerts.find((a) => a.rule === "vigil-hostile-long").id;
	ids.sensor = alerts.find((a) => a.rule === "vigil-reverse-shell").sensor;
});

// Another tab is open all the time: its connection is to stand.
const idle = await context.newPage();
await idle.goto(url);
await idle.waitForSelector(".link.live");
await idle.evaluate(() => {
	window.breaks = 0;
	new MutationObserver(() => window.breaks++).observe(document.querySelector(".link"), { attributes: true });
});
await page.bringToFront();

await step("pictures", () => pictures(page, ids));
// One picture is for the README: VIGIL_PICTURE says where to.
if (process.env.VIGIL_PICTURE) await step("the README's picture", async () => {
	await page.goto(url);
	await until("the line of events is one", () => page.evaluate(() => (document.querySelector(".spark polyline")?.getAttribute("points").split(" ").length ?? 0) > 11), 120_000);
	await page.setViewportSize({ width: 1280, height: 820 });
	await page.screenshot({ path: process.env.VIGIL_PICTURE });
});

await step("keyboard", () => keyboard(page));
await step("hostile", () => hostile(page, ids));
await step("alerts", () => alerts(page, ids));
await step("live", () => live(page));
await step("search", () => search(page));
await step("settings", () => settings(page));

await step("the other tab", async () => {
	want((await idle.evaluate(() => window.breaks)) === 0, "the live connection broke");
	await idle.close();
});

await step("log out", async () => {
	await page.goto(url);
	await page.click("button[aria-label='Log out']");
	await page.waitForSelector("input[name=user]");
	want((await page.evaluate(() => fetch("/v1/health").then((r) => r.status))) === 200, "the server answers");
	await refused("/v1/", async () => {
		want((await page.evaluate(() => fetch("/v1/me").then((r) => r.status))) === 401, "the session lives on");
	});
});

await step("less rights", async () => {
	await login(page, "viewer");
	await page.goto(`${url}/alerts/${ids.shell}`);
	await page.waitForSelector(".process");
	want((await page.locator(".head button").count()) === 0, "a viewer is offered what a viewer may not do");
	await page.goto(`${url}/settings/users`);
	await page.waitForSelector(".part .empty");
	want(!(await page.locator("nav.tabs").textContent()).includes("Users"), "a viewer is offered the users");
	await harmless(page, "viewer");
});

await end(browser);
