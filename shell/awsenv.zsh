# awsenv in zsh, 5.3 and newer: fresh credentials before each prompt and each command, a function that lets `awsenv
# login` change this shell, and the prompt segment. What the rc file evaluates is this, with one line filled in.

# All that is global here begins with `__awsenv_`. `\builtin` keeps the user's aliases away, quotes keep global aliases
# from words. Nothing is exported but what awsenv itself says.

\builtin typeset -g __awsenv_exe __awsenv_prompt __awsenv_missed __awsenv_now __awsenv_a __awsenv_b
\builtin typeset -g __awsenv_facts __awsenv_drawn= __awsenv_draw_at=
# where the module with the clock is missing, the prompt knows the time
\builtin typeset -g __awsenv_seconds='%D{%s}'
#::AWSENV::

# --- Refresh ----------------------------------------------------------------------------------------------------

# Before each prompt, and before each command. Two moments in Unix seconds have ten digits until 2286 and so compare as
# text: the value is the environment's, and arithmetic would run a `$(…)` in it. zsh keeps `$?` and `$pipestatus`.
function __awsenv_before_prompt {
  [[ ${EPOCHSECONDS:-${(%)__awsenv_seconds}} < ${AWSENV_REFRESH_AT:-9} ]] || __awsenv_due 'prompt'
  [[ -z $__awsenv_prompt ]] || __awsenv_draw
}

function __awsenv_before_command {
  [[ ${EPOCHSECONDS:-${(%)__awsenv_seconds}} < ${AWSENV_REFRESH_AT:-9} ]] || __awsenv_due 'command'
}

# Renewed, or begun to be, by a process of its own; rare.
function __awsenv_due {
  \builtin emulate -L 'zsh'
  \builtin setopt 'no_xtrace' # no secret in a trace
  [[ ${AWSENV_REFRESH_AT-} == [1-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9] && -z ${AWSENV_NO_REFRESH-} ]] ||
    \builtin return 0
  [[ ! -o 'restricted' ]] || \builtin return 0 # it starts no program by its path
  __awsenv_now=${EPOCHSECONDS:-${(%)__awsenv_seconds}}
  \builtin local __awsenv_code __awsenv_at=$AWSENV_REFRESH_AT
  if ! __awsenv_is_there; then
    [[ -n $__awsenv_missed ]] ||
      \builtin print -r -u 2 -- "awsenv: $__awsenv_exe is gone; this shell's credentials are not renewed"
    __awsenv_missed=1
    \builtin export AWSENV_REFRESH_AT=$((__awsenv_now + 300))
  else
    # Ctrl-C ends this function where it is: then the next command does not wait at once again
    \builtin export AWSENV_REFRESH_AT=$((__awsenv_now + 10))
    if __awsenv_code=$(\command "$__awsenv_exe" 'refresh' '--shell' 'zsh' '--before' "$1" \
      </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-); then
      AWSENV_REFRESH_AT=$__awsenv_at
      \builtin eval "$__awsenv_code"
    else
      AWSENV_REFRESH_AT=$((__awsenv_now + 60))
    fi
  fi
  \builtin return 0
}

# Whether the program is there, if need be in another place than when this shell began.
function __awsenv_is_there {
  [[ -x $__awsenv_exe ]] && \builtin return
  \builtin local __awsenv_other
  __awsenv_other=$(\builtin whence -p 'awsenv') && __awsenv_exe=$__awsenv_other
}

# --- The function -----------------------------------------------------------------------------------------------

\builtin unalias 'awsenv' 2>/dev/null || \builtin true
function awsenv {
  __awsenv_is_there || \builtin true
  \builtin local __awsenv_word __awsenv_verb=
  for __awsenv_word in "$@"; do
    case $__awsenv_word in
      ('-h' | '--help' | '-V' | '--version' | '--shell' | '--shell='* | '--format' | '--format='*)
        __awsenv_verb=
        \builtin break
        ;;
      (-*) ;;
      (*) [[ -n $__awsenv_verb ]] || __awsenv_verb=$__awsenv_word ;;
    esac
  done
  case $__awsenv_verb in
    ('login' | 'logout' | 'unset')
      # in `$(…)` and in a pipe stdout is somebody else's: it gets the text, and this shell stays as it is
      if [[ ${ZSH_SUBSHELL:-0} == 0 || -t 1 ]]; then
        __awsenv_apply "$@"
        \builtin return
      fi
      ;;
  esac
  \command "$__awsenv_exe" "$@"
}

function __awsenv_apply {
  \builtin emulate -L 'zsh'
  \builtin setopt 'no_xtrace'
  \builtin local __awsenv_code= __awsenv_failed=0
  __awsenv_code=$(AWSENV_SHELL='zsh' \command "$__awsenv_exe" "$@") || __awsenv_failed=$?
  if [[ $__awsenv_failed == 0 ]]; then
    \builtin eval "$__awsenv_code" || __awsenv_failed=$?
    [[ ${ZSH_SUBSHELL:-0} == 0 ]] || \builtin print -r -u 2 -- \
      'awsenv: only this subshell was changed; it ends with the parenthesis or the job'
  fi
  \builtin return $__awsenv_failed
}

# --- The segment ------------------------------------------------------------------------------------------------

# Sets AWSENV_PROMPT, the plain text, and the pieces that RPROMPT refers to as %v: what they hold is shown as it is,
# whatever PROMPT_SUBST says. Drawn anew only if one of its facts, or the minute, is another.
function __awsenv_draw {
  __awsenv_now=${EPOCHSECONDS:-${(%)__awsenv_seconds}}
  __awsenv_facts="${AWSENV_PROFILE-}|${AWS_ACCESS_KEY_ID-}|${AWS_REGION-}|${AWSENV_EXPIRES_AT-}${AWSENV_REFRESH_AT-}${AWSENV_RENEWAL-}"
  [[ $__awsenv_facts == "$__awsenv_drawn" && $__awsenv_now < $__awsenv_draw_at ]] && \builtin return
  \builtin emulate -L 'zsh'
  \builtin setopt 'no_xtrace'
  __awsenv_drawn=$__awsenv_facts __awsenv_draw_at=9
  if [[ -z ${AWSENV_PROFILE-} || ${AWSENV_KEY_ID-} != "${AWS_ACCESS_KEY_ID-}" ]]; then
    __awsenv_hide
    \builtin return 0
  fi
  \builtin local __awsenv_left= __awsenv_tone= __awsenv_color __awsenv_s
  if [[ ${AWSENV_EXPIRES_AT-} == [1-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9] ]]; then
    __awsenv_s=$((AWSENV_EXPIRES_AT - __awsenv_now))
    if [[ ${AWSENV_RENEWAL-} == 'sign-in' ]]; then
      __awsenv_left='sign in' __awsenv_tone='red'
    elif ((__awsenv_s > 0)); then
      __awsenv_draw_at=$((__awsenv_now + (__awsenv_s - 1) % 60 + 1))
      if ((__awsenv_s < 60)); then
        __awsenv_left='<1m'
      elif ((__awsenv_s < 3600)); then
        __awsenv_left=$((__awsenv_s / 60))m
      else
        __awsenv_left=$((__awsenv_s / 3600))h${(l:2::0:)$((__awsenv_s / 60 % 60))}m
      fi
      # without a renewal it is the last five minutes that count
      if [[ -n ${AWSENV_REFRESH_AT-} ]]; then
        [[ $__awsenv_now < $AWSENV_REFRESH_AT && -z ${AWSENV_RENEWAL-} ]] || __awsenv_tone='yellow'
        [[ -n $__awsenv_tone || $__awsenv_draw_at < $AWSENV_REFRESH_AT ]] || __awsenv_draw_at=$AWSENV_REFRESH_AT
      elif ((__awsenv_s < 300)); then
        __awsenv_tone='yellow'
      fi
    elif [[ -n ${AWSENV_REFRESH_AT-} && -z ${AWSENV_RENEWAL-} ]]; then
      __awsenv_left='renewing' __awsenv_tone='yellow'
    else
      __awsenv_left='ended' __awsenv_tone='red'
    fi
  fi
  __awsenv_fill
  \builtin export AWSENV_PROMPT="$__awsenv_a$__awsenv_left$__awsenv_b"
  case ${AWSENV_COLOR-} in
    ('black' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'white') __awsenv_color=$AWSENV_COLOR ;;
    (*) __awsenv_color='cyan' ;;
  esac
  : "${__awsenv_tone:=$__awsenv_color}"
  if [[ -n ${NO_COLOR-} || ${TERM:-dumb} == 'dumb' ]]; then
    __awsenv_color='default' __awsenv_tone='default'
  fi
  psvar[91]=$__awsenv_a psvar[92]=$__awsenv_left psvar[93]=$__awsenv_b
  psvar[94]=$__awsenv_color psvar[95]=$__awsenv_tone
}

function __awsenv_hide {
  \builtin emulate -L 'zsh'
  [[ -z ${AWSENV_PROMPT-} ]] || \builtin unset 'AWSENV_PROMPT'
  psvar[91]='' psvar[92]='' psvar[93]=''
}

# --- Into the shell ---------------------------------------------------------------------------------------------

if [[ -o 'interactive' ]]; then
  \builtin zmodload 'zsh/datetime' 2>/dev/null || \builtin true
  \builtin typeset -ga precmd_functions preexec_functions psvar
  # the whole list is written anew: no subscript, which KSH_ARRAYS would change, and no second copy of ours. First,
  # so that a theme's own prompt is drawn of fresh credentials
  precmd_functions=('__awsenv_before_prompt' "${(@)precmd_functions[@]:#__awsenv_before_prompt}")
  preexec_functions=('__awsenv_before_command' "${(@)preexec_functions[@]:#__awsenv_before_command}")

  if [[ -z $__awsenv_prompt && ${RPROMPT-} == *'%91v'* ]]; then
    # nothing stays of a segment that is not drawn any more
    __awsenv_hide
  fi
  if [[ -n $__awsenv_prompt && ${RPROMPT-} != *'%91v'* ]]; then
    RPROMPT='%F{%94v}%91v%F{%95v}%92v%F{%94v}%93v%f'"${RPROMPT:+ $RPROMPT}"
  fi
fi
