/** Any HTTP and WebSocket app: nothing is special. */
import type { AppPreset } from './preset.ts'

export function genericPreset(): AppPreset {
  return {
    name: 'generic',
    healthPath: '/',
    script: null,
    isPolled: () => false,
    ownRoute: () => null,
    isReservedCookie: () => false,
    userCookie: () => null,
    open: async ({ protocols }) => ({ protocols }),
    environment: () => ({}),
    objection: () => null,
  }
}
