import { join } from 'node:path';
import { ROOT } from '../../support/bundle.ts';
import { inTurn, medianOf } from '../runner/rounds.ts';
import type { Row } from '../runner/row.ts';
import { runNode } from '../support/child.ts';

const ROUNDS = 15;

/** What every command pays before it does anything. */
export const commandLine: Row = {
  name: 'cli',
  title: 'start of the command line, beside bare Node',
  async measure({ rounds }) {
    const variants = {
      help: () => runNode([join(ROOT, 'dist/cli/main.js'), '--help']),
      bare: () => runNode(['--eval', '0']),
    };
    await inTurn(1, variants);
    const { help, bare } = await inTurn(rounds(ROUNDS), variants);
    if (!help.every(({ stdout }) => stdout.includes('hsmkeep'))) throw new Error('hsmkeep --help printed no help.');

    const beside = (usage: 'cpuMs' | 'wallMs' | 'peakMiB') => ({
      ours: medianOf(help, (sample) => sample[usage]),
      baseline: { name: 'bare Node', value: medianOf(bare, (sample) => sample[usage]) },
    });
    return [
      { what: 'hsmkeep --help, cpu', unit: 'ms', ...beside('cpuMs') },
      { what: 'hsmkeep --help, wall', unit: 'ms', ...beside('wallMs') },
      { what: 'hsmkeep --help, peak memory', unit: 'MiB', ...beside('peakMiB') },
    ];
  },
};
