import type { Tags } from './tags.ts';

type Version = Readonly<{ version: string; createdAt: string; tags: Tags }>;

/**
 * Orders the versions of a secret, newest first. Key Vault dates them to the second and lists those of one second in any order, so that
 * within a second only the tag `rot-base` tells: a version is newer than the one that it replaced.
 */
export function newestFirst<V extends Version>(versions: readonly V[]): V[] {
  const known = new Map(versions.map((one) => [one.version, one]));
  // Tags can be edited into a circle; no chain is longer than the list.
  const countReplaced = ({ createdAt, tags }: Version, so: number): number => {
    const base = known.get(tags['rot-base'] ?? '');
    return base?.createdAt === createdAt && so < versions.length ? countReplaced(base, so + 1) : so;
  };
  const aged = versions.map((one) => ({ one, replaced: countReplaced(one, 0) }));
  return aged.sort((a, b) => Date.parse(b.one.createdAt) - Date.parse(a.one.createdAt) || b.replaced - a.replaced).map(({ one }) => one);
}
