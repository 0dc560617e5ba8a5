import type { Route } from '../service.ts';

export const keyRoutes: readonly Route[] = [];
