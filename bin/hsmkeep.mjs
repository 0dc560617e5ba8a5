#!/usr/bin/env node
// `npx hsmkeep …`: the command line, on a Node that can run it.
import { fileURLToPath } from 'node:url';

const launch = new URL('../scripts/launch.mjs', import.meta.url);
process.argv.splice(1, 1, fileURLToPath(launch), 'cli');
await import(launch.href);
