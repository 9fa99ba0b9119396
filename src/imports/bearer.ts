/** The Authorization header, as far as old tokens come in it. */

/** The token of a bearer header of at most 8 KB; `null` for every other header. */
export function bearerIn(header: string | null | undefined): string | null {
  const [, token = null] = /^bearer +([\w.-]{1,8192})$/i.exec(header ?? '') ?? []
  return token
}
