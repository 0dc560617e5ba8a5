import type { Problem } from '../views.ts';

/** An HSM as the rule below sees it. */
export type DrillSide = Readonly<{ name: string; url: string; securityDomain?: string | undefined }>;

/** The HSMs that are kept, and those that are there for drills only: no HSM is both. */
export type DrillFleet<Hsm extends DrillSide> = Readonly<{ hsms: readonly Hsm[]; drillHsms: readonly Hsm[] }>;

/**
 * The HSM that drills of another go into. A drill purges and replaces what is in it, so it must be one that is there for nothing else:
 * named in `drillHsms`, and under neither its name nor its address among the HSMs that are kept.
 *
 * Asked of the configuration when it is read, and again before each step that destroys something.
 */
export function drillTarget<Hsm extends DrillSide>(
  source: DrillSide,
  into: string,
  { hsms, drillHsms }: DrillFleet<Hsm>,
): Readonly<{ target: Hsm }> | Readonly<{ problem: Problem }> {
  const target = drillHsms.find(({ name }) => same(name, into));
  const kept = hsms.find(({ name, url }) => same(name, into) || (target && same(url, target.url)));
  if (kept)
    return {
      problem: {
        message: `A drill of ${source.name} would go into ${into}, which is ${same(kept.name, into) ? '' : `${kept.name}, `}an HSM that is kept: it would destroy keys there.`,
        hint: 'Name an HSM that is there for drills only, and list it in "drillHsms" of the configuration.',
      },
    };
  if (!target)
    return {
      problem: {
        message: `A drill of ${source.name} would go into ${into}, which is not configured.`,
        hint: 'List it in "drillHsms" of the configuration, with its url and a container of its own.',
      },
    };
  if (source.securityDomain !== undefined && target.securityDomain !== undefined && source.securityDomain !== target.securityDomain)
    return {
      problem: {
        message: `A drill of ${source.name} (security domain ${source.securityDomain}) cannot go into ${target.name} (${target.securityDomain}).`,
        hint: `Only an HSM that was activated with the security domain of ${source.name} can read its backups.`,
      },
    };
  return { target };
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
