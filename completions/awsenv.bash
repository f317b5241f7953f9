# Completion of awsenv for bash 3.2 and later. What fits is awsenv's to say: this only asks, and runs nothing that is typed.

__awsenv_complete() {
  local at=1
  COMPREPLY=()

  # behind `exec … --` the command's own completion goes on
  while [[ $at -lt $COMP_CWORD && ${COMP_WORDS[at]} == -* ]]; do at=$((at + 1)); done
  if [[ ${COMP_WORDS[at]-} == exec ]]; then
    for ((at = at + 1; at < COMP_CWORD; at++)); do
      if [[ ${COMP_WORDS[at]} == -- ]]; then
        __awsenv_complete_command "$((at + 1))" "$2"
        return
      fi
    done
  fi

  # The line up to the cursor, and the part of it that readline replaces: bash breaks words at `:` and `=`, and leaves
  # an open quote out. The answer is what may stand there instead, quoted to fit.
  __awsenv_reply "$(AWSENV_COMPLETE=bash \command "${__awsenv_exe:-awsenv}" -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)"
}

# The command, whose first word is the one of that number.
__awsenv_complete_command() {
  if declare -F _comp_command_offset >/dev/null; then
    _comp_command_offset "$1"
  elif declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif [[ $COMP_CWORD -eq $1 ]]; then
    __awsenv_reply "$(compgen -c -- "$2")"
  else
    compopt -o filenames 2>/dev/null # not in bash 3.2
    __awsenv_reply "$(compgen -f -- "$2")"
  fi
}

# One candidate a line.
__awsenv_reply() {
  local IFS=$'\n' globs=1
  [[ $- == *f* ]] && globs=
  set -f # a name may hold `*`
  # shellcheck disable=SC2206 # bash 3.2 has no mapfile, and `read` takes a byte at a time
  COMPREPLY=($1)
  [[ -z $globs ]] || set +f
}

complete -o nosort -F __awsenv_complete awsenv 2>/dev/null || complete -F __awsenv_complete awsenv
