import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hsmkeep } from '../cli/support.ts';
import { ROOT, read } from '../support/infra/compiled.ts';

const DOCS = ['docs/azure.md', 'docs/security.md', 'docs/runbooks.md', 'docs/metrics.md'];

describe.each(DOCS)('%s', (path) => {
  const text = read(path);

  test('links to files and sections that are there', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('https://')) continue;
      const [file = '', section] = target.split('#');
      const there = file === '' ? path : join(dirname(path), file);
      expect(existsSync(join(ROOT, there)), target).toBe(true);
      const sections = [...read(there).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => slug(title));
      if (section) expect(sections, target).toContain(section);
    }
  });

  test('names commands and options that there are', async () => {
    for (const [, typed = ''] of text.matchAll(/`?npx hsmkeep ([^`\n#]+)/g)) {
      const words = typed.split(/\s+/).filter(Boolean);
      const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
      const verbs = words.slice(0, end < 0 ? words.length : end);
      // The help of an unknown command is that of the command above it.
      const { stdout } = await hsmkeep([...verbs, '--help']);
      expect(stdout, typed).toMatch(new RegExp(`^Usage: hsmkeep ${verbs.join(' ')}( |$)`, 'm'));
      for (const option of words.filter((word) => /^--[a-z]/.test(word))) expect(stdout, typed).toContain(option);
    }
  });

  test('names settings of azd that the parameters read', () => {
    const known = read('infra/main.bicepparam') + read('infra/main.bicep') + read('infra/hooks/app-registration.mjs') + read('README.md');
    const named = [...text.matchAll(/\b(HSMKEEP_[A-Z_]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});

const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
