/**
 * Evaluates what stays of ARM's template language in an example deployment: calls of the few functions below, on strings, numbers and other
 * calls. What only Azure knows, `reference`, is asked of the caller.
 *
 * @see https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
 */
export type Reference = (resourceId: string) => unknown;

/** `[…]` anywhere inside a value is evaluated. @throws on a function that is not known here. */
export function evaluate(value: unknown, reference: Reference): unknown {
  if (typeof value === 'string')
    return value.startsWith('[') && value.endsWith(']') ? new Parser(value.slice(1, -1), reference).all() : value;
  if (Array.isArray(value)) return value.map((item) => evaluate(item, reference));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluate(item, reference)]));
}

const PUBLIC_CLOUD = {
  suffixes: { keyvaultDns: '.vault.azure.net', storage: 'core.windows.net' },
  authentication: { loginEndpoint: 'https://login.microsoftonline.com/' },
};

const format = (pattern: unknown, ...values: unknown[]): string =>
  String(pattern).replaceAll(/\{(\d+)\}/g, (_, index) => String(values[Number(index)]));

const FUNCTIONS: Readonly<Record<string, (...values: never[]) => unknown>> = {
  coalesce: (...values: unknown[]) => values.find((value) => value !== null && value !== undefined) ?? null,
  concat: (...values: unknown[]) => (Array.isArray(values[0]) ? values.flat() : values.join('')),
  createArray: (...values: unknown[]) => values,
  createObject: (...values: unknown[]) =>
    Object.fromEntries(values.flatMap((key, at) => (at % 2 === 0 ? [[String(key), values[at + 1]]] : []))),
  empty: (value: unknown) => value === null || (typeof value === 'object' ? Object.keys(value).length === 0 : value === ''),
  environment: () => PUBLIC_CLOUD,
  extensionResourceId: (id: string, type: string, name: string) => `${id}/providers/${type}/${name}`,
  format,
  if: (condition: unknown, then: unknown, otherwise: unknown) => (condition ? then : otherwise),
  guid: (...values: unknown[]) => `guid(${values.join(',')})`,
  replace: (text: string, from: string, to: string) => text.replaceAll(from, to),
  resourceId: (...parts: string[]) => parts.join('/'),
  string: (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)),
  tryGet: (value: Readonly<Record<string, unknown>> | null, key: string) => value?.[key] ?? null,
};

class Parser {
  readonly #text: string;
  readonly #reference: Reference;
  #at = 0;

  constructor(text: string, reference: Reference) {
    this.#text = text;
    this.#reference = reference;
  }

  all(): unknown {
    const value = this.#value();
    if (this.#at !== this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(): unknown {
    const string = this.#take(/'((?:[^']|'')*)'/y);
    if (string) return (string[1] ?? '').replaceAll("''", "'");
    const number = this.#take(/-?\d+/y);
    if (number) return Number(number[0]);
    const name = this.#take(/(\w+)\(/y)?.[1];
    if (name === undefined) throw this.#unexpected();
    return this.#properties(this.#call(name, this.#values()));
  }

  #values(): unknown[] {
    const values: unknown[] = [];
    while (!this.#take(/\)/y)) {
      values.push(this.#value());
      this.#take(/,\s*/y);
    }
    return values;
  }

  #call(name: string, values: unknown[]): unknown {
    if (name === 'reference') return this.#reference(String(values[0]));
    const known = FUNCTIONS[name];
    if (!known) throw new Error(`no ${name} in this evaluator, asked for by ${this.#text.slice(0, 200)}`);
    return known(...(values as never[]));
  }

  #properties(value: unknown): unknown {
    const name = this.#take(/\.(\w+)/y)?.[1];
    return name === undefined ? value : this.#properties((value as Readonly<Record<string, unknown>> | null)?.[name] ?? null);
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #unexpected(): Error {
    return new Error(`unexpected at ${this.#at}: ${this.#text.slice(this.#at, this.#at + 80)}`);
  }
}
