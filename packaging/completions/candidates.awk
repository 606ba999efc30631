# SPDX-License-Identifier: Apache-2.0
# What may come next, of what a program says of itself: all shells ask this. In: its --help. words: what was typed before, without options; before: the
# word right before, which may be an option that wants a value; commands: whether the program has them.
# Out: one a line; @file, @user, @listener, @port and @account stand for what only the shell or the machine knows. No quote and no backslash in here.
# The word behind an option, where that is a value: "FILE", "yes|no".
function argument_of(option, help, parts, n, i) {
    gsub(/[[]/, " ", help)
    gsub(/[]]/, " ] ", help)
    n = split(help, parts, " ")
    for (i = 1; i < n; i++) {
        if (parts[i] == option && parts[i + 1] ~ /^([A-Z]|[a-z]+[|])/ && (!(option in wants) || parts[i + 1] == "USER")) {
            wants[option] = parts[i + 1]
        }
    }
}
function put_all(list, mark, parts, n, i) {
    n = split(list, parts, mark)
    for (i = 1; i <= n; i++) {
        print parts[i]
    }
}
function put_options(text) {
    while (match(text, /--[a-z][a-z-]*/)) {
        print substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
    }
}
function put_value(option) {
    if (option in values) {
        put_all(values[option], " ")
    } else if (wants[option] == "FILE") {
        print "@file"
    } else if (wants[option] == "USER") {
        print "@user"
    } else if (wants[option] ~ /[|]/) {
        put_all(wants[option], "[|]")
    }
}
# Of one command: its words, one after the other, and then its options.
function put_command(line, parts, n, i) {
    gsub(/ [|] /, "|", line)
    gsub(/[][]/, " ", line)
    n = split(line, parts, " ")
    for (i = 1; i <= n && parts[i] ~ /^[a-z][a-z|-]*$/; i++) {
        if (i > given) {
            put_all(parts[i], "[|]")
            return
        }
        if (index("|" parts[i] "|", "|" word[i] "|") == 0) {
            return
        }
    }
    if (i > given || i > n || parts[i] !~ /^-/) {
        put_options(line)
    }
}
BEGIN {
    values["--package"] = "Negotiate Kerberos NTLM"
    values["--protocol"] = "framed sample"
    values["--algorithm"] = "SHA1 SHA256 SHA512"
    values["--digits"] = "6 7 8"
    values["--id"] = "4624 4625 4740 4776"
    values["--listener"] = "@listener"
    given = split(words, word, " ")
}
{
    text = text " " $0
}
commands && /^    [^ -]/ && !ended {
    list[++n_list] = $0
    next
}
commands && /^     / && n_list && !ended {
    list[n_list] = list[n_list] " " $0
    next
}
/^$/ && n_list {
    ended = 1
}
END {
    if (before ~ /^--/) {
        argument_of(before, text)
        if (before in wants) {
            put_value(before)
            exit
        }
    }
    if (!commands) {
        put_options(text)
        exit
    }
    for (i = 1; i <= n_list; i++) {
        put_command(list[i])
    }
    if (words == "") {
        put_options("--config --help --version")
    } else if (words ~ /^(account (show|modify|passwd|enable|disable|unlock|remove)|otp (enroll|remove))$/) {
        print "@account"
    } else if (words == "ras hangup") {
        print "@port"
    }
}
