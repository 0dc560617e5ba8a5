import { randomBytes } from 'node:crypto';
import { badParameter } from './body.ts';

const NAME = /^[0-9a-zA-Z-]{1,127}$/;

/** @throws {ServiceError} 400 BadParameter when a key or a secret cannot have this name. */
export function checkedName(name: string | undefined): string {
  if (name === undefined || !NAME.test(name)) throw badParameter(`The request URI contains an invalid name: ${name}`);
  return name;
}

/** Identifier of a new version: 32 lower-case hexadecimal digits. */
export const newVersionId = () => randomBytes(16).toString('hex');

/** The clock's milliseconds as the services write times: whole Unix seconds. */
export const unixSeconds = (epochMs: number) => Math.floor(epochMs / 1000);
