import { type Html, html } from './html.ts'

/** The mark: kelp, held to its rock. Drawn in the colour of the text round it. */
export const mark: Html = html`<svg class="mark" viewBox="0 0 40 40" width="40" height="40" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"><path d="M20 29C20 22 15 20 17 13S22 7 20 3"/><path d="M20 29C20 24 28 22 27 15S30 9 29 7"/><path d="M20 29C20 25 11 24 12 18S9 12 10 10"/><path d="M20 29 14 33 11 37M20 29 18 34 17 37M20 29 22 34 23 37M20 29 26 33 29 37"/></svg>`

/** The mark as an icon, inside the page: a fetched one would be asked of the app. */
export const icon: Html = html`<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40' fill='none' stroke='%230f7a68' stroke-width='3' stroke-linecap='round'%3E%3Cpath d='M20 29C20 22 15 20 17 13S22 7 20 3M20 29C20 24 28 22 27 15S30 9 29 7M20 29C20 25 11 24 12 18S9 12 10 10M20 29 14 33 11 37M20 29 18 34 17 37M20 29 22 34 23 37M20 29 26 33 29 37'/%3E%3C/svg%3E">`
