const LONGEST = 300;

/**
 * Makes a service's error text fit to be stored and shown: no query strings (a SAS is one), no signatures, no XML,
 * one line, at most 300 characters.
 */
export function redact(text: string): string {
  const clean = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\?[^\s"'<>]*(?:sig|sv|se|token|code)=[^\s"'<>]*/gi, '?[redacted]')
    .replace(/\b(sig|token|code|AccountKey|SharedAccessSignature|password|secret)=[^\s"'<>&;]*/gi, '$1=[redacted]')
    .replace(/\bBearer\s+\S+/gi, 'Bearer [redacted]')
    .replace(/\s+/g, ' ')
    .trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean;
}
