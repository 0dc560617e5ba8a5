// Many times the schedules of `npm test`, other ones each time. A seed that failed is tried again with HSMKEEP_SEED.
process.env['HSMKEEP_SCHEDULES'] ??= '2500';
process.env['HSMKEEP_SEED'] ??= String(Date.now() % 2 ** 31);
console.info(`schedules of seed ${process.env['HSMKEEP_SEED']}`);
await import('../orchestrators/rotation-properties.test.ts');
