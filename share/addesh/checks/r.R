# R's own parser over what stands on standard input, for checks.yaml: nothing
# of it is run.
wanted <- strsplit(commandArgs(TRUE)[1], " ")[[1]]
out <- character()

# Words are of the text, which must not write lines of this answer.
line <- function(...) {
  paste(gsub("[\t\r\n]", " ", c(...)), collapse = "\t")
}

place <- function(message) {
  at <- regmatches(message, regexec("<text>:([0-9]+):([0-9]+): ([^\n]*)",
                                    message))[[1]]
  if (length(at) < 4) c("0", "0", gsub("\\s+", " ", message))
  else c(at[2], at[3], at[4])
}

hex <- function(text) paste(charToRaw(text), collapse = "")

tell <- function(all, d, i) {
  row <- d[i, ]
  at <- c(row$line1, row$col1)
  if (row$token == "SYMBOL_FUNCTION_CALL" && row$text %in% wanted) {
    # all tokens between the parentheses of the call
    call <- all$parent[all$id == row$parent]
    end <- all[all$id == call, ]
    last <- d$line1 < end$line2 | (d$line1 == end$line2 & d$col1 <= end$col2)
    inside <- d[seq_len(nrow(d)) > i & last, ]
    fixed <- !any(inside$token %in% c("SYMBOL", "SYMBOL_FUNCTION_CALL"))
    args <- all$text[all$parent == call & all$token == "SYMBOL_SUB"]
    line("c", at, row$text, as.integer(fixed), paste0(args, "="))
  } else if (row$token == "STR_CONST" && nchar(row$text) >= 8 &&
             nchar(row$text) <= 4098) {
    before <- if (i > 2) d[c(i - 1, i - 2), ] else d[0, ]
    name <- if (nrow(before) && before$token[1] %in%
                c("LEFT_ASSIGN", "EQ_SUB", "EQ_ASSIGN"))
      gsub("[^A-Za-z0-9_-]", "_", before$text[2]) else "-"
    line("s", at, name, hex(substr(row$text, 2, nchar(row$text) - 1)))
  }
}

check <- function(text) {
  e <- tryCatch(parse(text = text, keep.source = TRUE),
                error = function(e) conditionMessage(e))
  if (is.character(e))
    return(line("e", place(e)))
  d <- utils::getParseData(e, includeText = TRUE)
  if (is.null(d)) return(character())
  all <- d
  d <- d[d$terminal & d$token != "COMMENT", ]
  unlist(lapply(seq_len(nrow(d)), function(i) tell(all, d, i)))
}

input <- file("stdin", "rb")
while (length(size <- readLines(input, 1)) > 0) {
  bytes <- readBin(input, "raw", as.integer(size))
  out <- c(out, "f", check(rawToChar(bytes[bytes != 0])))
}
cat(out, "end", sep = "\n")
