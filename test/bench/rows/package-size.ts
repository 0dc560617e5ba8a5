import { join } from 'node:path';
import { packageInto } from '../../support/bundle.ts';
import type { Row } from '../runner/row.ts';

/** What every new instance of the app fetches and unpacks. */
export const packageSize: Row = {
  name: 'size',
  title: 'size of the deployed package',
  async measure({ folder }) {
    const { zipBytes, unpackedBytes, files } = await packageInto(join(folder, 'package'));
    return [
      {
        what: 'zip of the deployed package',
        unit: 'MB',
        ours: zipBytes / 1e6,
        target: { of: 'ours', atMost: 1 },
        note: `${files.length} files, ${(unpackedBytes / 1e6).toFixed(2)} MB unpacked`,
      },
    ];
  },
};
