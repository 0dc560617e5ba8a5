import { type Check, finding, ok } from './check.ts';

/**
 * Until when Azure Functions support a major version of Node.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-versions#languages
 */
const SUPPORTED_UNTIL: Readonly<Record<string, string>> = { 22: '2027-04-30', 24: '2028-04-30' };

/** Tokens and SAS forgive five minutes; what is written down should agree better than that. */
export const MOST_SKEW_MS = 120_000;

/** @param node Such as `24.1.0`. @param now ISO 8601 UTC */
export function checkVersions(node: string, hsmkeep: string, now: string): Check {
  const what = { check: 'versions', subject: 'this machine' } as const;
  const until = SUPPORTED_UNTIL[node.replace(/\..*$/, '')];
  if (until !== undefined && now.slice(0, until.length) <= until) return ok(what, `hsmkeep ${hsmkeep} on Node ${node}`);
  return finding(what, {
    message: `hsmkeep ${hsmkeep} runs on Node ${node}, which Azure Functions ${until === undefined ? 'do not offer' : `supported until ${until}`}`,
    hint: `Use Node ${Object.keys(SUPPORTED_UNTIL).at(-1)}, here and as the runtime of the apps.`,
  });
}

/** @param skewMs The service's clock less this machine's. @param service Whose clock that is. */
export function checkClock(service: string, skewMs: number): Check {
  const what = { check: 'clock', subject: service } as const;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return ok(what, `agrees with this machine's, within ${seconds} s`);
  return finding(what, {
    message: `its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`,
    hint: 'Have this machine set its clock by NTP; a service of Azure is seldom wrong.',
  });
}
