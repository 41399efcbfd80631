// Links out of the book lead to the repository's files, and mdBook takes all that end in .md for chapters.
for (const link of document.querySelectorAll('a[href^="../../"]')) {
  link.href = link.getAttribute("href").replace(/\.html(#|$)/, ".md$1");
}
