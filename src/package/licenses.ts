import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundledPackage, PackedFile } from './bundle.ts';

/** The licences of what a bundle holds: most of them ask to be handed on with the code. A text that several share stands once. */
export function licensesFile(root: string, packages: readonly BundledPackage[]): PackedFile {
  const owners = new Map<string, string[]>([[readFileSync(join(root, 'LICENSE'), 'utf8').trim(), ['hsmkeep']]]);
  for (const { name, version, folder } of packages) {
    const text = licenseOf(folder);
    owners.set(text, [...(owners.get(text) ?? []), `${name} ${version}`]);
  }
  const parts = [...owners].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return { path: 'LICENSES.txt', content: Buffer.from(parts.join(`\n${'-'.repeat(80)}\n\n`)) };
}

function licenseOf(folder: string): string {
  const file = readdirSync(folder)
    .sort()
    .find((name) => /^licen[cs]e([.-]|$)/i.test(name));
  if (file) return readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
  const { license = 'unknown' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license?: string };
  return `License: ${license} (the package brings no text of it)`;
}
