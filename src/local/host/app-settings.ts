import { z } from 'zod';
import { OperatorError } from '../../domain/errors.ts';
import { readJson } from './host-config.ts';

const settingsFile = z.object({ IsEncrypted: z.literal(false).optional(), Values: z.record(z.string(), z.string()) });

/**
 * Reads app settings from a file in the form of `local.settings.json`.
 *
 * @throws {OperatorError} when the file is missing, encrypted, or has a value that is not text.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file
 */
export function readSettingsFile(path: string): Readonly<Record<string, string>> {
  const { success, data, error } = settingsFile.safeParse(readJson(path));
  if (!success) throw new OperatorError(`Invalid settings file:\n${z.prettifyError(error)}`, `Correct ${path}.`);
  return data.Values;
}

/** Puts app settings into the environment, where the app looks for them. What the environment has already wins, as with Core Tools. */
export function applySettings(settings: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(settings)) env[name] ??= value;
}

/**
 * Puts settings in the place of `%NAME%` in a binding's option.
 *
 * @throws {OperatorError} naming the setting that is missing.
 */
export function resolveSettings(text: string, env: NodeJS.ProcessEnv = process.env): string {
  return text.replaceAll(/%([^%]+)%/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined) throw new OperatorError(`The app setting ${name} is missing.`, `A binding uses it as %${name}%.`);
    return value;
  });
}

/**
 * Whether a function's trigger is to be ignored: the setting `AzureWebJobs.<function>.Disabled` is true. Azure's own way to keep one
 * function of an app from firing; it can still be run by hand, at `/admin/functions/<function>`.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/disable-function
 */
export const isDisabled = (functionName: string, env: NodeJS.ProcessEnv = process.env): boolean =>
  /^(true|1)$/i.test(env[`AzureWebJobs.${functionName}.Disabled`] ?? '');
