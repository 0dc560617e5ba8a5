import { OperatorError } from '../../../domain/errors.ts';

/**
 * A route in the syntax of ASP.NET, ready to match: `{name}`, `{name?}`, `{name=value}`, `{name:constraint}`, `{*rest}`, also inside a
 * segment (`report-{year:int}.csv`). Without regard to case; a value keeps an escaped slash as `%2F`.
 *
 * @see https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
 */
export type RouteTemplate = Readonly<{
  /** Values of the parameters that the path has, percent-decoded; undefined when the path does not match. */
  match(path: string): Readonly<Record<string, string>> | undefined;
  /** One digit a segment; of two templates that match, the one whose text sorts first wins. */
  precedence: string;
}>;

type Part = Readonly<{ literal: string } | { name: string; constraints: readonly Constraint[] }>;
type Segment = Readonly<{ parts: readonly Part[]; optional: boolean; catchAll: boolean; fallback: string | undefined }>;
type Constraint = (value: string) => boolean;

/** @throws {OperatorError} for a constraint that is not known here or braces that do not match. */
export function parseRouteTemplate(template: string): RouteTemplate {
  const segments = template
    .split('/')
    .filter((text) => text !== '')
    .map((text) => parseSegment(text, template));
  return { match: (path) => matchSegments(segments, pathSegments(path)), precedence: segments.map(segmentRank).join('') };
}

const INT32 = 2n ** 31n;
const INT64 = 2n ** 63n;
const number = (value: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value);

const CONSTRAINTS: Readonly<Record<string, (argument: string) => Constraint>> = {
  int: () => within(INT32),
  long: () => within(INT64),
  bool: () => (value) => /^(true|false)$/i.test(value),
  guid: () => (value) => /^\{?[\da-f]{8}(-?[\da-f]{4}){3}-?[\da-f]{12}\}?$/i.test(value),
  alpha: () => (value) => /^[a-z]*$/i.test(value),
  decimal: () => number,
  double: () => number,
  float: () => number,
  minlength: (argument) => (value) => value.length >= Number(argument),
  maxlength: (argument) => (value) => value.length <= Number(argument),
  length: (argument) => {
    const [least = 0, most = least] = argument.split(',').map(Number);
    return (value) => value.length >= least && value.length <= most;
  },
  min: (argument) => (value) => within(INT64)(value) && BigInt(value) >= BigInt(argument),
  max: (argument) => (value) => within(INT64)(value) && BigInt(value) <= BigInt(argument),
  range: (argument) => {
    const [least = '0', most = least] = argument.split(',');
    return (value) => within(INT64)(value) && BigInt(value) >= BigInt(least) && BigInt(value) <= BigInt(most);
  },
};

function within(limit: bigint): Constraint {
  return (value) => /^-?\d{1,19}$/.test(value) && BigInt(value) >= -limit && BigInt(value) < limit;
}

function parseSegment(text: string, template: string): Segment {
  const parts: Part[] = [];
  let [optional, catchAll, fallback]: [boolean, boolean, string | undefined] = [false, false, undefined];
  for (const piece of text.match(/\{[^{}]*\}|[^{}]+/g) ?? []) {
    if (!piece.startsWith('{')) {
      parts.push({ literal: piece });
      continue;
    }
    const parameter = /^\{(\*{0,2})([^:?=*]+)((?::[^?=]*)*)(\?|=.*)?\}$/.exec(piece);
    const [, stars, name = '', constraints = '', tail = ''] = parameter ?? [];
    if (!name) throw new OperatorError(`The route ${template} has a parameter that cannot be read: ${piece}`, 'Correct the route.');
    parts.push({ name, constraints: splitConstraints(constraints).map((constraint) => parseConstraint(constraint, template)) });
    catchAll = stars !== '';
    optional = tail === '?' || catchAll;
    fallback = tail.startsWith('=') ? tail.slice(1) : undefined;
  }
  if (parts.map((part) => ('literal' in part ? part.literal : '{}')).join('') !== text.replaceAll(/\{[^{}]*\}/g, '{}')) {
    throw new OperatorError(`The route ${template} has braces that do not match.`, 'Correct the route.');
  }
  return { parts, optional: optional || fallback !== undefined, catchAll, fallback };
}

function splitConstraints(text: string): string[] {
  return text.split(':').filter((constraint) => constraint !== '');
}

function parseConstraint(text: string, template: string): Constraint {
  const [, name = '', argument = ''] = /^(\w+)(?:\((.*)\))?$/.exec(text) ?? [];
  const constraint = CONSTRAINTS[name.toLowerCase()];
  if (!constraint) throw new OperatorError(`The route ${template} has a constraint that this host does not know: ${text}`, 'Use another.');
  return constraint(argument);
}

function pathSegments(path: string): string[] {
  return path
    .split('/')
    .filter((text) => text !== '')
    .map(decodeSegment);
}

/** Everything but an escaped slash, which would look like the end of the segment. */
function decodeSegment(text: string): string {
  try {
    return text
      .split(/%2f/i)
      .map((piece) => decodeURIComponent(piece))
      .join('%2F');
  } catch {
    return text;
  }
}

function matchSegments(segments: readonly Segment[], path: readonly string[]): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  let position = 0;
  for (const segment of segments) {
    const value = segment.catchAll ? path.slice(position).join('/') : path[position];
    position = segment.catchAll ? path.length : position + 1;
    const found = value ? matchSegment(segment, value) : missing(segment);
    if (!found) return undefined;
    Object.assign(values, found);
  }
  return path.length > position ? undefined : values;
}

function missing({ parts, optional, fallback }: Segment): Record<string, string> | undefined {
  const [part] = parts;
  if (!optional || parts.length !== 1 || !part || !('name' in part)) return undefined;
  return fallback === undefined ? {} : { [part.name]: fallback };
}

function matchSegment({ parts }: Segment, value: string): Record<string, string> | undefined {
  const pattern = parts.map((part) => ('literal' in part ? escapeRegExp(part.literal) : '(.+?)')).join('');
  const found = new RegExp(`^${pattern}$`, 'is').exec(value);
  if (!found) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of parts.filter((one) => 'name' in one).entries()) {
    const text = found[index + 1] ?? '';
    if (!part.constraints.every((holds) => holds(text))) return undefined;
    values[part.name] = text;
  }
  return values;
}

/** As ASP.NET ranks segments: text before mixed, before constrained, before free, before the two kinds of catch-all. */
function segmentRank({ parts, catchAll }: Segment): string {
  const constrained = parts.some((part) => 'name' in part && part.constraints.length > 0);
  if (catchAll) return constrained ? '4' : '5';
  if (parts.every((part) => 'literal' in part)) return '1';
  return parts.length > 1 || constrained ? '2' : '3';
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
