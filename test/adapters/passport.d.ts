/** As much of Passport as the tests use: it brings no types. */
declare module 'passport' {
  import type { RequestHandler } from 'express'

  type Done = (error: unknown, value?: unknown) => void
  const passport: {
    use(strategy: object): void
    serializeUser(store: (user: { readonly id: string }, done: Done) => void): void
    deserializeUser(find: (id: string, done: Done) => void): void
    initialize(): RequestHandler
    session(): RequestHandler
    authenticate(strategy: string): RequestHandler
  }
  export = passport
}

declare module 'passport-local' {
  export class Strategy {
    constructor(
      verify: (name: string, word: string, done: (error: unknown, user?: object | false) => void) => void,
    )
  }
}
