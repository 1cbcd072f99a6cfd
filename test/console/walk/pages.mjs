// Every page, at two widths, light and dark: a picture and the checks.
import { join } from "node:path";
import { until, url } from "./browser.mjs";
import { check } from "./checks.mjs";

const shots = process.env.VIGIL_SHOTS;

export const places = (ids) => [
	["overview", "/", ".tile"],
	["alerts", "/alerts", "tr[data-path]"],
	["alert", `/alerts/${ids.shell}`, ".process"],
	...(ids.hostile ? [["alert-hostile", `/alerts/${ids.hostile}`, ".story"], ["sensor-hostile", `/sensors/${ids.hostileSensor}`, ".facts"]] : []),
	["search", "/search", ".event"],
	["sensors", "/sensors", "tr[data-path]"],
	["sensor", `/sensors/${ids.sensor}`, ".facts"],
	...["account", "tokens", "policies", "suppressions", "users", "enrolment", "exports", "audit"].map((p) => [`settings-${p}`, `/settings/${p}`, ".part .card"]),
];

export async function quiet(page) {
	await page.waitForLoadState("load");
	await page.waitForFunction(() => document.querySelector("main h1, main.login h1"));
	await page.waitForLoadState("domcontentloaded");
}

export async function pictures(page, ids) {
	for (const [name, path, sign] of places(ids)) {
		await page.goto(url + path);
		await page.waitForSelector(sign);
		await until(`${name} is all there`, () => page.evaluate(() => ![...document.querySelectorAll("main *")].some((e) => e.childElementCount === 0 && /^(…|Looking …)$/.test(e.textContent.trim()))));
		for (const width of [1280, 1920]) {
			await page.setViewportSize({ width, height: width === 1280 ? 900 : 1080 });
			for (const colorScheme of ["light", "dark"]) {
				await page.emulateMedia({ colorScheme });
				await check(page, `${name} ${width} ${colorScheme}`);
				await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`) });
				if (width === 1280 && colorScheme === "light") await page.screenshot({ path: join(shots, `${name}-whole.png`), fullPage: true });
			}
		}
	}
	await page.setViewportSize({ width: 1280, height: 900 });
	await page.emulateMedia({ colorScheme: "light" });
}
