#compdef awsenv
# Completion of awsenv for zsh 5.3 and later: as `_awsenv` in a folder of fpath, or sourced after compinit. What fits is
# awsenv's to say: this only asks, and runs nothing that is typed.

_awsenv() {
  local -i __awsenv_at=2
  # behind `exec … --` the command's own completion goes on
  while (( __awsenv_at < CURRENT )) && [[ ${words[__awsenv_at]} == -* ]]; do (( __awsenv_at += 1 )); done
  if (( __awsenv_at < CURRENT )) && [[ ${words[__awsenv_at]} == exec ]]; then
    for (( __awsenv_at += 1; __awsenv_at < CURRENT; __awsenv_at += 1 )); do
      if [[ ${words[__awsenv_at]} == -- ]]; then
        shift $__awsenv_at words
        (( CURRENT -= __awsenv_at ))
        _normal
        return
      fi
    done
  fi

  local -a __awsenv_lines __awsenv_values __awsenv_shown
  local -i __awsenv_width=0
  local __awsenv_line __awsenv_value
  # (Q) takes quotes away and expands nothing
  __awsenv_lines=("${(@f)$(AWSENV_COMPLETE=zsh \command ${__awsenv_exe:-awsenv} -- \
    "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  for __awsenv_line in "${__awsenv_lines[@]}"; do
    [[ -n $__awsenv_line ]] || continue
    __awsenv_values+=("${__awsenv_line%%$'\t'*}")
    (( ${(m)#__awsenv_values[-1]} > __awsenv_width && ${(m)#__awsenv_values[-1]} <= 40 )) &&
      __awsenv_width=${(m)#__awsenv_values[-1]}
  done
  (( $#__awsenv_values )) || return 1
  if [[ "${__awsenv_lines[*]}" != *$'\t'* ]]; then
    compadd -a -- __awsenv_values
    return
  fi
  for __awsenv_line in "${__awsenv_lines[@]}"; do
    __awsenv_value=${__awsenv_line%%$'\t'*}
    if [[ $__awsenv_line == *$'\t'* ]]; then
      (( ${(m)#__awsenv_value} < __awsenv_width )) && __awsenv_value=${(mr:__awsenv_width:)__awsenv_value}
      __awsenv_value+="  -- ${__awsenv_line#*$'\t'}"
    fi
    __awsenv_shown+=("$__awsenv_value")
  done
  compadd -l -d __awsenv_shown -a -- __awsenv_values
}

if [[ ${zsh_eval_context[*]-} == *loadautofunc ]]; then
  _awsenv "$@" # called as the function that it is the file of
elif (( ${+functions[compdef]} )); then
  compdef _awsenv awsenv
fi
