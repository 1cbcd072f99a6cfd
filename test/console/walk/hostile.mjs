// What hosts send is text and stays so, and shows what it hides.
import { until, url, want } from "./browser.mjs";
import { harmless } from "./checks.mjs";

const script = "<script>window.pwned=1</script>";
const image = `"><img src=x onerror="window.pwned=2">`;

export async function hostile(page, ids) {
	await page.goto(`${url}/alerts/${ids.hostile}`);
	await page.waitForSelector(".story");
	await until("the timeline is there", () => page.locator(".timeline, .empty").count());
	want((await page.locator("h1").textContent()) === script + image, "the title is not what the host sent");
	for (const part of ["What happened", "Next steps", "Entities", "Evidence", "Comments"]) {
		const card = page.locator("section.card", { has: page.locator("h2", { hasText: part }) });
		want((await card.count()) === 1, `${part} is missing`);
		want(/<|U\+202E/.test(await card.textContent()), `${part} does not show what the host sent`);
	}
	want((await page.locator(".entities .odd", { hasText: "U+202E" }).count()) > 0, "a mark of direction is not shown");
	for (const d of await page.locator("details.event").all()) await d.locator("summary").click();
	await harmless(page, "hostile alert, opened");

	await page.goto(`${url}/alerts/${ids.shell}`);
	await page.waitForSelector(".process");
	for (const p of await page.locator(".process").all()) {
		await p.click();
		await harmless(page, "a process of the tree");
	}
	want((await page.locator(".tree-detail code").textContent()).length > 3900, "the long command line is cut in the details");
	await page.click("text=Whole host");
	await page.click("text=± 10 min");
	await until("the host's events", () => page.locator(".timeline .event").count().then((n) => n > 40));
	await harmless(page, "timeline");
	want((await page.locator(".event.is-alert").count()) === 2, "the timeline does not mark the evidence");

	await page.goto(`${url}/alerts/${ids.tangled}`);
	await page.waitForSelector(".process");
	const drawn = await page.locator(".process").count();
	await page.locator(".process.more").click();
	await until("the family is unfolded", () => page.locator(".process").count().then((n) => n > drawn + 300));
	await harmless(page, "tangled tree");

	for (const path of ["/", "/alerts", "/sensors", "/search?query=onerror&last=3600", "/settings/enrolment", "/settings/audit", `/sensors/${ids.hostileSensor}`]) {
		await page.goto(url + path);
		await page.waitForSelector("main h1");
		await until(`${path} shows it`, () => page.evaluate(() => document.querySelector("main").textContent.includes("onerror")));
		for (const d of await page.locator("details.event").all()) await d.locator("summary").click();
		await harmless(page, path);
	}
	// Addresses are hostile too.
	for (const path of ["/search?query=%3Cscript%3Ewindow.pwned%3D5%3C/script%3E", "/alerts?rule=%22%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.pwned%3D6%3E"]) {
		await page.goto(url + path);
		await page.waitForSelector(".empty");
		await harmless(page, path);
	}
}
