/** Sizes of compressed BLS12-381 points, min-pk: keys in G1, signatures in G2. */

export const BLS_PUBLIC_KEY_SIZE = 48
export const BLS_SIGNATURE_SIZE = 96
