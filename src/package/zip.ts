import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { byPath, type PackedFile } from './bundle.ts';

/** A zip knows no time zone: this one has the same digits wherever it is made. */
const mtime = new Date(1980, 0, 1);

/** Zips files so that the same files give the same bytes: in the order of their paths, all of one time and mode. */
export async function zip(files: readonly PackedFile[]): Promise<Buffer> {
  const archive = new ZipFile();
  for (const { path, content } of files.toSorted(byPath))
    archive.addBuffer(content, path, { mtime, mode: 0o100644, forceDosTimestamp: true, compressionLevel: 9 });
  archive.end();
  return buffer(archive.outputStream);
}
