import { commandLine } from './rows/command-line.ts';
import { host } from './rows/host.ts';
import { load } from './rows/load.ts';
import { manifest } from './rows/manifest.ts';
import { nightly } from './rows/nightly.ts';
import { packageSize } from './rows/package-size.ts';
import { prune } from './rows/prune.ts';
import { retention } from './rows/retention.ts';
import { rotation } from './rows/rotation.ts';
import { rotationGap } from './rows/rotation-gap.ts';
import type { Row } from './runner/row.ts';

/** Every row, in the order in which they run. */
export const ROWS: readonly Row[] = [load, packageSize, commandLine, manifest, retention, prune, nightly, rotation, rotationGap, host];
