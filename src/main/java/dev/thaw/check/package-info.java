/**
 * What this kernel, these rights and these limits allow: each feature tried, each with a way out.
 */
package dev.thaw.check;
