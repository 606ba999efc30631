# SPDX-License-Identifier: Apache-2.0
# Completion in bash for sspictl, sspi-connect, sspid, rasd, samd and opensspi-execd. What there is to complete is what the program's own --help
# says, so that the two cannot differ.

# The help's lines "command [--option VALUE]...", each in one, without brackets.
_opensspi_usage() {
    local line all=''
    while IFS= read -r line; do
        if [[ $line =~ ^\ {4}[^\ -] ]]; then
            all+=$'\n'$line
        elif [[ $line =~ ^\ {5} && -n $all ]]; then
            all+=" $line"
        elif [[ -z $line && -n $all ]]; then
            break
        fi
    done < <("$1" --help 2>/dev/null)
    all=${all//[\[\]]/ }
    printf '%s\n' "${all//.../ }"
}

# The words that may come after these words of a command, or the options of the command that they are.
_opensspi_commands() {
    local -a words=("$@") parts
    local line part i
    while IFS= read -r line; do
        read -ra parts <<<"${line// | /|}" # "enable|disable" is one part
        i=0
        for part in "${parts[@]}"; do
            if [[ $part != [a-z]* || $part == *[!a-z\|-]* ]]; then
                break
            elif ((i == ${#words[@]})); then
                printf '%s\n' "${part//|/$'\n'}"
                continue 2
            elif [[ "|$part|" != *"|${words[i]}|"* ]]; then
                continue 2
            fi
            ((i++))
        done
        if ((i == ${#words[@]} || i == ${#parts[@]})) || [[ ${parts[i]} != -* ]]; then
            grep -o -e '--[a-z][a-z-]*' <<<"$line"
        fi
    done | sort -u
}

# The instances of a kind of section in the configuration: "[listener NAME]".
_opensspi_sections() {
    sed -n "s/^\[$1 \([A-Za-z0-9_.-]*\)\].*/\1/p" "${2:-${OPENSSPI_CONFIG:-/etc/opensspi/opensspi.conf}}" 2>/dev/null
}

_opensspi_accounts() {
    "$1" account list 2>/dev/null | awk '{ print $NF }'
}

_opensspi_value() {
    case $1 in
    --config | --file | --keytab | --password-file) compgen -f -- "$2" ;;
    --package) compgen -W 'Negotiate Kerberos NTLM' -- "$2" ;;
    --protocol) compgen -W 'framed sample' -- "$2" ;;
    --dial-in) compgen -W 'yes no' -- "$2" ;;
    --algorithm) compgen -W 'SHA1 SHA256 SHA512' -- "$2" ;;
    --digits) compgen -W '6 7 8' -- "$2" ;;
    --listener) compgen -W "$(_opensspi_sections listener "$config")" -- "$2" ;;
    --user) compgen -u -- "$2" ;;
    --id) compgen -W '4624 4625 4740 4776' -- "$2" ;;
    --unix-user) compgen -u -- "$2" ;;
    --group | --no-group | --spn | --address | --since | --until | --expires | --password-expires | --loops | --max-message | \
        --listen | --period | --issuer) ;;
    *) return 1 ;;
    esac
    return 0
}

_opensspi() {
    local program=$1 word=$2 before=$3 config='' i
    local -a words=() found=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --config)
            config=${COMP_WORDS[i + 1]}
            ((i++))
            ;;
        -*) ;;
        *) words+=("${COMP_WORDS[i]}") ;;
        esac
    done
    if [[ $before == --* ]] && mapfile -t COMPREPLY < <(_opensspi_value "$before" "$word" || printf '\001\n') &&
        [[ ${COMPREPLY[0]} != $'\001' ]]; then
        return
    fi
    if [[ ${program##*/} == sspictl ]]; then
        mapfile -t found < <(_opensspi_usage "$program" | _opensspi_commands "${words[@]}")
        case "${words[*]}" in
        '') found+=(--config --help --version) ;;
        'account show' | 'account modify' | 'account passwd' | 'account enable' | 'account disable' | 'account unlock' | \
            'account remove' | 'otp enroll' | 'otp remove')
            mapfile -t -O "${#found[@]}" found < <(_opensspi_accounts "$program")
            ;;
        'ras hangup') mapfile -t -O "${#found[@]}" found < <(_opensspi_sections port "$config") ;;
        esac
    else
        mapfile -t found < <("$program" --help 2>/dev/null | grep -o -e '--[a-z][a-z-]*' | sort -u)
    fi
    mapfile -t COMPREPLY < <(compgen -W "${found[*]}" -- "$word")
}

complete -F _opensspi sspictl sspi-connect sspid rasd samd opensspi-execd
