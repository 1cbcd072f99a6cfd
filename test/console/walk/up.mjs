// Walks the console of a real `vigil up`: an attack is simulated on its host, and must be
// there within two seconds. What it needs is in the environment.
import { end, login, refused, start, step as stepOn, until, url, want } from "./browser.mjs";
import { check, harmless } from "./checks.mjs";
import { pictures } from "./pages.mjs";

const within = 2_000; // ms from the event to the page
const { VIGIL_CONTROL: control } = process.env;
const { browser, page } = await start();
const step = (name, fn) => stepOn(page, name, fn);
const asked = (path) => page.evaluate((p) => fetch(p).then((r) => r.json()), path);
const simulate = (name) => fetch(`${control}/simulate/${name}`, { method: "POST" });

await step("log in", () => refused("/v1/me", async () => {
	await page.goto(url);
	await page.waitForSelector("input[name=user]:focus");
	await login(page, "admin");
}));

const ids = {};
for (const [path, playbook, rule, title] of [
	["/", "reverse-shell", "vigil-reverse-shell", "Reverse shell"],
	["/alerts", "exec-shm", "vigil-exec-shm", "Program run from shared memory"],
]) await step(`an alert comes by itself at ${path}`, async () => {
	await page.goto(url + path);
	await page.waitForSelector(".link.live");
	await simulate(playbook);
	const row = page.locator(`main a:has-text("${title}")`).first();
	await row.waitFor({ timeout: 60_000 }); // the simulation takes its time before it acts
	const seen = Date.now();
	const { alerts } = await asked(`/v1/alerts?rule=${rule}`);
	want(alerts.length === 1, `${alerts.length} alerts of ${rule}`);
	const took = seen - Date.parse(alerts[0].first);
	console.log(`${rule}: on the page ${took} ms after the event`);
	want(took <= within, `${rule}: on the page ${took} ms after the event, ${within} are allowed`);
	if (path === "/") Object.assign(ids, { shell: alerts[0].id, sensor: alerts[0].sensor });
});

await step("the alert", async () => {
	await page.goto(`${url}/alerts/${ids.shell}`);
	await page.waitForSelector(".process");
	want((await page.locator(".process").count()) >= 3, "the tree of processes has fewer than three");
	await page.locator(".process").last().click();
	await until("its timeline", () => page.locator(".timeline .event").count());
	want((await page.locator(".event.is-alert").count()) > 0, "the timeline does not mark the evidence");
	for (const d of await page.locator("details.event").all()) await d.locator("summary").click();
	await check(page, "the alert, opened");
});

await step("search", async () => {
	await page.goto(`${url}/search?query=${encodeURIComponent(`"vigil.kind":=connect "dst_endpoint.ip":*`)}&last=3600`);
	await until("the connection is found", () => page.locator(".event").count());
	await page.locator(".event summary").first().click();
	await page.waitForSelector("details[open] .fields >> text=dst_endpoint.ip");
	want((await page.locator(".histogram .bar").count()) > 0, "no histogram");
});

await step("the sensor", async () => {
	const { sensors } = await asked("/v1/sensors");
	want(sensors.length === 1 && sensors[0].lost === 0, `the sensors are ${JSON.stringify(sensors)}`);
	await page.goto(`${url}/sensors/${ids.sensor}`);
	await page.waitForSelector(".facts");
	await harmless(page, "the sensor");
});

await step("pictures", () => pictures(page, ids));
await end(browser);
