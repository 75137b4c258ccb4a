// Variables as people write them in a form: a line each, a name and a text that stands for a value.

/** A line of the form. */
export interface VarLine {
  name: string;
  text: string;
}

type Vars = Record<string, unknown>;

const namePattern = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/**
 * The value that a text stands for: a list, a table or a text in quotes as in JSON, true, false, or a number in its
 * shortest form (1.10 may be a version); everything else is itself.
 */
export function valueOf(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  if (value === null) return text;
  return typeof value === "number" && String(value) !== text ? text : value;
}

/** The text that stands for a value; in quotes where it would stand for another, or would not fit on a line. */
export function textOf(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return valueOf(value) === value && !/[\u0000-\u001f]/.test(value) ? value : JSON.stringify(value);
}

/** The lines of a form with these variables, in the order of their names. */
export function linesOf(vars: Vars): VarLine[] {
  return Object.keys(vars).sort().map((name) => ({ name, text: textOf(vars[name]) }));
}

/** The variables, or what is wrong with the lines, a sentence. Lines without name and text count for nothing. */
export function varsOf(lines: readonly VarLine[]): { vars: Vars } | { mistake: string } {
  const vars = new Map<string, unknown>();
  for (const line of lines) {
    const name = line.name.trim();
    if (name === "" && line.text === "") continue;
    if (name === "") return { mistake: `The variable with the value ${line.text} has no name.` };
    if (!namePattern.test(name)) {
      return { mistake: `${name} can't be a name: letters, digits, _ and - make one, a letter or _ first.` };
    }
    if (vars.has(name)) return { mistake: `${name} is there twice.` };
    vars.set(name, valueOf(line.text));
  }
  return { vars: Object.fromEntries(vars) };
}

/** Whether both say the same, whatever the order of names. */
export function sameVars(one: Vars, other: Vars): boolean {
  const ordered = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(ordered);
    if (typeof value !== "object" || value === null) return value;
    return { table: Object.keys(value).sort().map((name) => [name, ordered((value as Vars)[name])]) };
  };
  return JSON.stringify(ordered(one)) === JSON.stringify(ordered(other));
}
