import { defineActivity } from './define-activity.ts';

/** `landing`: address of a container that was made for one restore. */
export type DropLandingInput = Readonly<{ landing: string }>;

/** Removes the container that an HSM read a copy from. Idempotent. */
export const dropLanding = defineActivity('dropLanding', ['restore'], (clients) => async ({ landing }: DropLandingInput): Promise<null> => {
  // The name says what it is: no other container can be meant.
  if (!/-landing-\d+$/.test(landing)) throw new Error(`${landing} is no landing container`);
  await clients.landing(landing).drop();
  return null;
});
