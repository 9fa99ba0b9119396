/**
 * Revocations are numbered from here. Stores once put them in order by the milliseconds of whoever revoked, and held them
 * against those of whoever created a session. Such instants stay below until the year 2286, and so keep their meaning
 * beside the numbers: a session without a number is older than every numbered revocation, a revocation without one is older
 * than every numbered session, and among themselves they are held against each other as they were. Fourteen digits, for
 * Redis' scripts write no number with more.
 */
export const firstMark = 10_000_000_000_000
