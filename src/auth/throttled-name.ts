import { canonicalUserName, longestUserName } from './user-name.ts'

/**
 * What attempts at a name are counted under. Those behind a login API may be called what nobody can be called here
 * (`CORP\anna`), and are as many accounts as anywhere: were they counted as one, whoever tries a few of them would slow down
 * and hold off all the others.
 *
 * SECURITY: how that API compares names, nobody here knows. So spellings that any of them may take for the same name count
 * as one: of case, width, blanks, and of characters that cannot be seen (CVE-2025-24806).
 */
export function throttledName(text: string): string {
  const visible = (canonicalUserName(text) ?? text)
    .replace(/\s+/gu, ' ')
    .replace(/[\p{C}\p{Default_Ignorable_Code_Point}]/gu, '')
    .trim()
  // Cut before it is normalised, which can make eighteen characters of one.
  const plain = visible.slice(0, longestUserName).normalize('NFKC').toLowerCase().normalize('NFKC')
  return plain.trim().slice(0, longestUserName)
}
