import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { bundle, ROOT } from '../../support/bundle.ts';
import type { Row } from '../runner/row.ts';

/** A local header, an entry of the central directory, and the end of it. @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
const [LOCAL_HEADER, CENTRAL_ENTRY, END_RECORD] = [30, 46, 22];

/** What every new instance of the app fetches and unpacks. */
export const packageSize: Row = {
  name: 'size',
  title: 'size of the deployed package',
  async measure({ folder }) {
    const app = join(folder, 'app');
    await bundle('src/main.ts', app);
    copyFileSync(join(ROOT, 'host.json'), join(app, 'host.json'));

    const files = readdirSync(app, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = files.map(({ parentPath, name }) => join(parentPath, name));
    const contents = paths.map((path) => ({ name: relative(app, path), content: readFileSync(path) }));
    return [
      {
        what: 'zip of the deployed package',
        unit: 'MB',
        ours: zipBytes(contents) / 1e6,
        target: { of: 'ours', atMost: 1 },
        note: `${paths.length} files, ${(contents.reduce((sum, { content }) => sum + content.length, 0) / 1e6).toFixed(2)} MB unpacked; counted as a zip holds them, each deflated at level 9`,
      },
    ];
  },
};

function zipBytes(files: readonly Readonly<{ name: string; content: Buffer }>[]): number {
  const sizes = files.map(({ name, content }) => {
    const headers = LOCAL_HEADER + CENTRAL_ENTRY + 2 * Buffer.byteLength(name);
    return headers + Math.min(content.length, deflateRawSync(content, { level: 9 }).length);
  });
  return sizes.reduce((sum, size) => sum + size, END_RECORD);
}
