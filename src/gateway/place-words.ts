/** What stands for a place, and so is the first that is tried as a password there (ASVS 6.1.2). */
import { isIP } from 'node:net'

/** The app's name, its host, and the host's parts without the last: `kelp.example.org` gives `kelp` and `example` too. */
export function placeWords(name: string, address: string | null): readonly string[] {
  const host = address !== null && URL.canParse(address) ? new URL(address).hostname : ''
  const parts = isIP(host.replace(/^\[|\]$/g, '')) > 0 ? [] : host.split('.').slice(0, -1)
  return [name, host, ...parts].filter((word) => word !== '')
}
