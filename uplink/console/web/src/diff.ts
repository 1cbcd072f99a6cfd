// Line is one of a text, and what became of it: there as before, added, or removed.
export type Line = [sign: " " | "+" | "-", text: string];

// most bounds the lines that are compared: the work grows with their square.
const most = 2_000;

// diff compares two texts line by line.
export function diff(before: string[], after: string[]): Line[] {
	let [start, end] = [0, 0];
	const least = Math.min(before.length, after.length);
	while (start < least && before[start] === after[start]) start++;
	while (end < least - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
	const same = (lines: string[]): Line[] => lines.map((x) => [" ", x]);
	return [...same(after.slice(0, start)), ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)), ...same(after.slice(after.length - end))];
}

// middle finds the longest lines that both have in the same order.
function middle(a: string[], b: string[]): Line[] {
	if (a.length > most || b.length > most) return [...a.map((x): Line => ["-", x]), ...b.map((x): Line => ["+", x])];
	const long = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
	for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) long[i]![j] = a[i] === b[j] ? long[i + 1]![j + 1]! + 1 : Math.max(long[i + 1]![j]!, long[i]![j + 1]!);
	const lines: Line[] = [];
	let [i, j] = [0, 0];
	while (i < a.length || j < b.length) {
		if (i < a.length && j < b.length && a[i] === b[j]) {
			lines.push([" ", a[i]!]);
			i++;
			j++;
		} else if (j === b.length || (i < a.length && long[i + 1]![j]! >= long[i]![j + 1]!)) lines.push(["-", a[i++]!]);
		else lines.push(["+", b[j++]!]);
	}
	return lines;
}
